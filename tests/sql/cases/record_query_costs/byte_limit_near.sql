-- case: a job above 80 percent of the byte cap warns

-- given
INSERT INTO job_history (creation_time, start_time, end_time, job_id, job_type, statement_type, state, total_bytes_processed, total_bytes_billed, error_result, labels)
VALUES (TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 0 HOUR), TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 0 HOUR), TIMESTAMP_ADD(TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 0 HOUR), INTERVAL 1 SECOND), 'a', 'QUERY', 'SELECT', 'DONE', 8589934593, 8589934593, NULL, []);

-- when
CALL record_query_costs();

-- then
ASSERT (SELECT STRING_AGG(CONCAT(alert_level, ' ', alert_name)) FROM automation_alerts) = 'WARNING Byte limit near' AS 'alert';
ASSERT (SELECT value FROM stored_figures WHERE figure = 'jobs_near_byte_limit') = 1 AS 'what A24 judges';
ASSERT (SELECT COUNT(*) FROM stored_figures WHERE figure = 'usual_daily_cost_usd') = 0 AS 'no day before this one is known';
CALL record_health_check();
ASSERT (SELECT COUNT(*) FROM alert_readings(CURRENT_TIMESTAMP()) WHERE rule_id = 'A24' AND is_beyond) = 1 AS 'the rule fires';
ASSERT (SELECT value FROM alert_readings(TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 121 MINUTE)) WHERE rule_id = 'A24') = 0 AS 'two hours later it is over';
