-- case: bytes are summed by statement type, parents of scripts left out, a second run changes nothing

-- given
INSERT INTO job_history (creation_time, start_time, end_time, job_id, job_type, statement_type, state, total_bytes_processed, total_bytes_billed, error_result, labels)
VALUES
    (TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), TIMESTAMP_ADD(TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), INTERVAL 1 SECOND), 'a', 'QUERY', 'SELECT', 'DONE', 1099511627776, 1099511627776, NULL, []),
    (TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), TIMESTAMP_ADD(TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), INTERVAL 3 SECOND), 'b', 'QUERY', 'SELECT', 'DONE', 1099511627776, 1099511627776, NULL, []),
    (TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), TIMESTAMP_ADD(TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), INTERVAL 2 SECOND), 'c', 'QUERY', 'MERGE', 'DONE', 5, 5, NULL, []),
    (TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), TIMESTAMP_ADD(TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), INTERVAL 9 SECOND), 'parent', 'QUERY', 'SCRIPT', 'DONE', 1099511627776, 1099511627776, NULL, []);
CALL record_query_costs();

-- when
CALL record_query_costs();

-- then
ASSERT (
    SELECT STRING_AGG(FORMAT('%s %d %.2f', statement_type, query_count, estimated_cost_usd), ', ' ORDER BY statement_type)
    FROM cost_monitoring
) = 'MERGE 1 0.00, SELECT 2 12.50' AS 'costs';
ASSERT (SELECT STRING_AGG(alert_name, ', ' ORDER BY alert_name) FROM automation_alerts WHERE alert_name = 'Cost spike') IN ('Cost spike') AS 'one cost alert';
