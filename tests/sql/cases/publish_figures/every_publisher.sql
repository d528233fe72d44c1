-- case: figures of one row, of several rows and of none are published without an error

-- given
INSERT INTO health_checks (check_timestamp, health_score, status, checks_passed, checks_total, warnings, critical)
VALUES (CURRENT_TIMESTAMP(), 94, 'WARNING', 7, 7, 1, 0);
INSERT INTO etl_job_runs (run_id, job_name, job_start_time, duration_seconds, status)
VALUES
('a', 'run_daily_automation', CURRENT_TIMESTAMP(), 12.5, 'SUCCESS'),
('b', 'update_caption_performance', CURRENT_TIMESTAMP(), 3, 'SUCCESS');

-- when
CALL publish_health_figures((SELECT figures FROM live_figures));
CALL publish_figures('record_query_costs');
CALL publish_figures('update_caption_performance');

-- then
ASSERT (SELECT health_status FROM latest_health) = 1 AS 'WARNING is 1';
ASSERT (SELECT COUNT(*) FROM latest_job_runs) = 2 AS 'one row per procedure';
ASSERT (SELECT COUNT(*) FROM component_costs) = 0 AS 'nothing was billed today';
