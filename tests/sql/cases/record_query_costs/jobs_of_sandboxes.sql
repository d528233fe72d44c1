-- case: what a sandbox in the same project runs is neither a cost nor a failure of its source

-- given
INSERT INTO job_history (creation_time, start_time, end_time, job_id, job_type, statement_type, state, total_bytes_processed, total_bytes_billed, error_result, labels)
VALUES
    (TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 59 MINUTE), 'own', 'QUERY', 'SELECT', 'DONE', 1099511627776, 1099511627776, NULL, [STRUCT('component' AS key, 'sample' AS value)]),
    (TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 59 MINUTE), 'person', 'QUERY', 'SELECT', 'DONE', 1099511627776, 1099511627776, NULL, NULL),
    (TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 59 MINUTE), 'alice', 'QUERY', 'SELECT', 'DONE', 1099511627776, 1099511627776, NULL, [STRUCT('component' AS key, 'sample' AS value), STRUCT('sandbox', 'alice')]),
    (TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 59 MINUTE), 'fails', 'QUERY', 'SELECT', 'DONE', 0, 0, STRUCT('invalidQuery' AS reason, '' AS location, 'no' AS message), [STRUCT('sandbox' AS key, 'bob' AS value)]);

-- when
CALL record_query_costs();

-- then
ASSERT (
    SELECT STRING_AGG(FORMAT('%s %d %.2f', statement_type, query_count, estimated_cost_usd), ', ')
    FROM cost_monitoring
) = 'SELECT 2 12.50' AS 'costs';
ASSERT (SELECT COUNTIF(error_reason IS NOT NULL) FROM query_jobs) = 0 AS 'failures';
