-- case: seven checks with one warning score 94 and are HEALTHY

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
SELECT
    FORMAT('c%03d', x),
    'p',
    CONCAT('text ', CAST(x AS STRING)),
    TRUE,
    CURRENT_TIMESTAMP()
FROM UNNEST(GENERATE_ARRAY(1, 500)) AS x;
INSERT INTO active_caption_assignments (assignment_id, page_name, caption_id, scheduled_send_date, assigned_at, is_active)
VALUES ('a', 'p', 'c001', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), CURRENT_TIMESTAMP(), TRUE);
INSERT INTO job_history (creation_time, start_time, end_time, job_id, job_type, statement_type, state, total_bytes_processed, total_bytes_billed, error_result, labels)
VALUES (TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), TIMESTAMP_ADD(TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), INTERVAL 61 SECOND), 'slow', 'QUERY', 'SELECT', 'DONE', 0, 0, NULL, []);
INSERT INTO job_history (creation_time, start_time, end_time, job_id, job_type, statement_type, state, total_bytes_processed, total_bytes_billed, error_result, labels)
SELECT
    TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR),
    TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR),
    TIMESTAMP_ADD(TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), INTERVAL 1 SECOND),
    CAST(x AS STRING),
    'QUERY',
    'SELECT',
    'DONE',
    0,
    0,
    NULL,
    []
FROM UNNEST(GENERATE_ARRAY(1, 40)) AS x;

-- when
CALL record_health_check();

-- then
ASSERT (
    SELECT FORMAT('%d %s %d/%d %d %d', health_score, status, checks_passed, checks_total, warnings, critical)
    FROM health_checks
) = '94 HEALTHY 7/7 1 0' AS 'the example';
ASSERT (SELECT slow_queries = 1 AND available_captions = 499 AND locked_captions = 1 AND assignments_24h = 1 FROM health_checks) AS 'figures';
