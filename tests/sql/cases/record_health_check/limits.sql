-- case: limits are exceeded above them, not at them

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
SELECT
    FORMAT('c%03d', x),
    'p',
    CONCAT('text ', CAST(x AS STRING)),
    TRUE,
    CURRENT_TIMESTAMP()
FROM UNNEST(GENERATE_ARRAY(1, 410)) AS x;
INSERT INTO active_caption_assignments (assignment_id, page_name, caption_id, scheduled_send_date, assigned_at, is_active)
SELECT
    CAST(x AS STRING),
    'p',
    FORMAT('c%03d', 400 + x),
    DATE_SUB(CURRENT_DATE('America/Los_Angeles'), INTERVAL 2 DAY),
    CURRENT_TIMESTAMP(),
    TRUE
FROM UNNEST(GENERATE_ARRAY(1, 10)) AS x;
INSERT INTO job_history (creation_time, start_time, end_time, job_id, job_type, statement_type, state, total_bytes_processed, total_bytes_billed, error_result, labels)
VALUES (TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), TIMESTAMP_ADD(TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), INTERVAL 10 SECOND), 'exact', 'QUERY', 'SELECT', 'DONE', 0, 0, NULL, []), (TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), TIMESTAMP_ADD(TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), INTERVAL 1 SECOND), 'cost', 'QUERY', 'SELECT', 'DONE', 1759218604441, 1759218604441, NULL, []);

-- when
CALL record_health_check();

-- then
ASSERT (SELECT health_score FROM health_checks) = 100 AS '400 captions, 10 expired locks, 10 s and 10 dollars are no finding';
