-- case: without a cooldown, too, a lock that the sweep ended keeps its caption and its place in its day
-- settings: {"selection": {"cooldown_days": 0}}

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
SELECT
    FORMAT('c%03d', x),
    'p',
    CONCAT('text ', CAST(x AS STRING)),
    TRUE,
    CURRENT_TIMESTAMP()
FROM UNNEST(GENERATE_ARRAY(1, 6)) AS x;
INSERT INTO active_caption_assignments (assignment_id, page_name, caption_id, scheduled_send_date, assigned_at, is_active, deactivated_at, deactivation_reason)
SELECT
    FORMAT('a%03d', x),
    'p',
    FORMAT('c%03d', x),
    DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 9 DAY),
    TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 170 HOUR),
    FALSE,
    CURRENT_TIMESTAMP(),
    'STALE'
FROM UNNEST(GENERATE_ARRAY(1, 4)) AS x;

-- when
CALL select_captions_for_creator('p', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 9 DAY), 5, 1);

-- then
ASSERT (
    SELECT COUNTIF(is_active) = 1 AND COUNT(DISTINCT caption_id) = 5
    FROM active_caption_assignments
) AS 'one place was left, and a caption that nobody had';
