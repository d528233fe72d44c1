-- case: a day that carries no more messages gives no caption, and the outbox says why

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
SELECT
    FORMAT('c%03d', x),
    'p',
    CONCAT('text ', CAST(x AS STRING)),
    TRUE,
    CURRENT_TIMESTAMP()
FROM UNNEST(GENERATE_ARRAY(1, 20)) AS x;
CALL select_captions_for_creator('p', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), 5, 1);

-- when
CALL select_captions_for_creator('p', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), 1, 2);

-- then
ASSERT (SELECT COUNT(*) FROM active_caption_assignments) = 5 AS 'locks';
ASSERT (SELECT STRING_AGG(CONCAT(alert_level, ' ', alert_name)) FROM automation_alerts) = 'INFO Nothing left to select' AS 'told';
