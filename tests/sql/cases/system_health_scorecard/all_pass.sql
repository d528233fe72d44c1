-- case: a healthy system passes in every component and overall

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
INSERT INTO etl_job_runs (run_id, job_name, execution_date, job_start_time, status, duration_seconds, creators_processed, creators_failed)
VALUES
    ('d', 'run_daily_automation', CURRENT_DATE('America/Los_Angeles'), TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 HOUR), 'SUCCESS', 100, 10, 1),
    ('f', 'update_caption_performance', CURRENT_DATE('America/Los_Angeles'), TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 HOUR), 'SUCCESS', 30, 0, 0);
INSERT INTO lock_sweep_log (sweep_id, sweep_time, expired_deactivated, stale_deactivated, status)
VALUES ('s', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), 1, 1, 'SUCCESS');

-- when
SELECT * FROM system_health_scorecard;

-- then
ASSERT (SELECT COUNT(*) FROM system_health_scorecard) = 9 AS 'eight components and overall';
ASSERT (SELECT STRING_AGG(component) FROM system_health_scorecard WHERE status != 'PASS') IS NULL AS 'a component does not pass';
