-- case: a statement of a procedure that BigQuery aborted for another's change is no failed query; anybody else's is

-- given
INSERT INTO job_history (creation_time, start_time, end_time, job_id, job_type, statement_type, state, error_result, labels)
SELECT
    TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR),
    TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR),
    TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR),
    job_id,
    'QUERY',
    IF(job_id = 'rolled_back', 'ROLLBACK_TRANSACTION', 'COMMIT_TRANSACTION'),
    'DONE',
    STRUCT('invalidQuery' AS reason, message AS message),
    IF(component IS NULL, [], [STRUCT('component' AS key, component AS value)])
FROM (
    SELECT 'aborted' AS job_id, 'start' AS component, 'Transaction is aborted due to concurrent update against table p:d.automation_locks. Transaction ID: 1' AS message
    UNION ALL
    SELECT 'rolled_back', 'start', 'no transaction is active'
    UNION ALL
    SELECT 'queued', 'finish', 'Could not serialize access to table p:d.etl_job_runs due to concurrent update'
    UNION ALL
    SELECT 'other_error', 'finish', 'Not found: Table p:d.etl_job_runs'
    UNION ALL
    SELECT 'of_a_person', CAST(NULL AS STRING), 'Transaction is aborted due to concurrent update against table p:d.t'
);

-- when
CALL record_health_check();

-- then
ASSERT (SELECT FORMAT('%d %d', failed_queries, total_queries) FROM health_checks) = '2 5' AS 'failed queries';
ASSERT (SELECT STRING_AGG(job_id, ' ' ORDER BY job_id) FROM query_jobs WHERE error_reason IS NOT NULL) = 'of_a_person other_error' AS 'which';
