-- case: no success of the daily run for more than 28 hours fails

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
VALUES ('d', 'run_daily_automation', CURRENT_DATE('America/Los_Angeles'), TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1681 MINUTE), 'SUCCESS', 100, 10, 0);

-- when
SELECT * FROM system_health_scorecard;

-- then
ASSERT (SELECT status FROM system_health_scorecard WHERE component = 'Daily automation') = 'FAIL' AS 'component';
ASSERT (SELECT status FROM system_health_scorecard WHERE component = 'Overall') = 'FAIL' AS 'overall';
