-- case: a run over its limit gets a row and one alert, and each limit is that of its schedule

-- given
INSERT INTO job_history (creation_time, start_time, job_id, parent_job_id, job_type, state, total_bytes_billed, query)
SELECT
    TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 30 MINUTE),
    TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL seconds SECOND),
    job_id,
    NULL,
    'QUERY',
    state,
    0,
    CONCAT("SET @@query_label = 'component:", schedule, ",system:eros';\nCALL `eros-local`.`", dataset, "`.x();")
FROM UNNEST(ARRAY<STRUCT<job_id STRING, schedule STRING, state STRING, seconds INT64, dataset STRING>>[
    ('health over a minute', 'record_health_check', 'RUNNING', 61, @@dataset_id),
    ('health in time', 'record_health_check', 'RUNNING', 50, @@dataset_id),
    ('sweep over five minutes', 'sweep_expired_caption_locks', 'RUNNING', 301, @@dataset_id),
    ('daily over five minutes', 'run_daily_automation', 'RUNNING', 301, @@dataset_id),
    ('costs that ended', 'record_query_costs', 'DONE', 900, @@dataset_id),
    ('queue that waits', 'release_schedule_requests', 'PENDING', 900, @@dataset_id),
    ('of another dataset', 'record_query_costs', 'RUNNING', 900, 'other'),
    ('dear in time', 'archive_inactive_assignments', 'RUNNING', 10, @@dataset_id)
]);
INSERT INTO job_history (creation_time, job_id, parent_job_id, job_type, state, total_bytes_billed)
VALUES
    (CURRENT_TIMESTAMP(), 'dear statement', 'dear in time', 'QUERY', 'DONE', 11 * 1024 * 1024 * 1024),
    (CURRENT_TIMESTAMP(), 'dear and ended', 'costs that ended', 'QUERY', 'DONE', 11 * 1024 * 1024 * 1024);
INSERT INTO etl_job_runs (run_id, job_name, job_start_time, status)
VALUES ('sweep', 'sweep_expired_caption_locks', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 300 SECOND), 'RUNNING');

-- when
CALL stop_overdue_runs();
CALL stop_overdue_runs();

-- then
ASSERT (SELECT STRING_AGG(run_id, ', ' ORDER BY run_id) FROM etl_job_runs WHERE status = 'FAILED') = 'dear in time, health over a minute, sweep' AS 'rows';
ASSERT (SELECT COUNT(*) FROM etl_job_runs) = 3 AS 'nothing else';
ASSERT (SELECT STARTS_WITH(error_message, 'stopped: at work for 30') FROM etl_job_runs WHERE run_id = 'sweep') AS 'reason of time';
ASSERT (SELECT error_message FROM etl_job_runs WHERE run_id = 'dear in time') = 'stopped: a statement billed 11811160064 bytes; the limit is 10737418240' AS 'reason of bytes';
ASSERT (SELECT STRING_AGG(source, ', ' ORDER BY source) FROM automation_alerts WHERE alert_name = 'Scheduled run stopped') = 'archive_inactive_assignments, record_health_check, sweep_expired_caption_locks' AS 'one alert each';
