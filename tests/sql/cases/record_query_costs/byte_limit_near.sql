-- case: a job above 80 percent of the byte cap warns

-- given
INSERT INTO job_history (creation_time, start_time, end_time, job_id, job_type, statement_type, state, total_bytes_processed, total_bytes_billed, error_result, labels)
VALUES (TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 0 HOUR), TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 0 HOUR), TIMESTAMP_ADD(TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 0 HOUR), INTERVAL 1 SECOND), 'a', 'QUERY', 'SELECT', 'DONE', 8589934593, 8589934593, NULL, []);

-- when
CALL record_query_costs();

-- then
ASSERT (SELECT STRING_AGG(CONCAT(alert_level, ' ', alert_name)) FROM automation_alerts) = 'WARNING Byte limit near' AS 'alert';
