-- case: a day above ten dollars alerts once, ten dollars do not

-- given
INSERT INTO job_history (creation_time, start_time, end_time, job_id, job_type, statement_type, state, total_bytes_processed, total_bytes_billed, error_result, labels)
VALUES (TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 0 HOUR), TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 0 HOUR), TIMESTAMP_ADD(TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 0 HOUR), INTERVAL 1 SECOND), 'a', 'QUERY', 'SELECT', 'DONE', 1759218604441, 1759218604441, NULL, []);
CALL record_query_costs();
ASSERT (SELECT COUNT(*) FROM automation_alerts WHERE alert_name = 'Cost spike') = 0 AS 'at the limit';
INSERT INTO job_history (creation_time, start_time, end_time, job_id, job_type, statement_type, state, total_bytes_processed, total_bytes_billed, error_result, labels)
VALUES (TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 0 HOUR), TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 0 HOUR), TIMESTAMP_ADD(TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 0 HOUR), INTERVAL 1 SECOND), 'b', 'QUERY', 'SELECT', 'DONE', 1000000000, 1000000000, NULL, []);
CALL record_query_costs();

-- when
CALL record_query_costs();

-- then
ASSERT (SELECT COUNT(*) FROM automation_alerts WHERE alert_name = 'Cost spike') = 1 AS 'one alert';
