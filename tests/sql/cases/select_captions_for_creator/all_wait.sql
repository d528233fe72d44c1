-- case: captions that wait are sent where no other is left

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
SELECT
    FORMAT('c%d', x),
    'p',
    CONCAT('text ', CAST(x AS STRING)),
    TRUE,
    CURRENT_TIMESTAMP()
FROM UNNEST(GENERATE_ARRAY(1, 4)) AS x;
INSERT INTO weekday_ratios (weekday, messages, rate_ratio, refreshed_at)
SELECT
    weekday,
    100,
    IF(weekday = EXTRACT(DAYOFWEEK FROM DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY)), 0.01, 1.0),
    CURRENT_TIMESTAMP()
FROM UNNEST(GENERATE_ARRAY(1, 7)) AS weekday;

-- when
CALL select_captions_for_creator('p', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), 4, 5);

-- then
ASSERT (SELECT COUNT(DISTINCT caption_id) FROM active_caption_assignments) = 4 AS 'no message less';
