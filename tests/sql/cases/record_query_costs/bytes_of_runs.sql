-- case: bytes of labelled statements reach their run

-- given
INSERT INTO job_history (creation_time, start_time, end_time, job_id, job_type, statement_type, state, total_bytes_processed, total_bytes_billed, error_result, labels)
VALUES (TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), TIMESTAMP_ADD(TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), INTERVAL 1 SECOND), 'a', 'QUERY', 'SELECT', 'DONE', 100, 100, NULL, [STRUCT('eros_run' AS key, 'r1' AS value)]), (TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), TIMESTAMP_ADD(TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), INTERVAL 1 SECOND), 'b', 'QUERY', 'SELECT', 'DONE', 50, 50, NULL, [STRUCT('eros_run' AS key, 'r1' AS value)]);
INSERT INTO etl_job_runs (run_id, job_name, job_start_time, status)
VALUES ('r1', 'update_caption_performance', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), 'SUCCESS');

-- when
CALL record_query_costs();

-- then
ASSERT (SELECT bytes_billed FROM etl_job_runs WHERE run_id = 'r1') = 150 AS 'bytes';
