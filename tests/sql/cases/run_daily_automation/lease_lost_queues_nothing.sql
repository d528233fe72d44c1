-- case: a run that was so slow that its lease ended queues nothing beside the one that came after it
-- settings: {"automation": {"medium_daily_target": 12}}
-- raises: the lease of the run ended before its requests were queued

-- given
INSERT INTO mass_messages (message_id, page_name, caption_id, message_text, sent_at, sent_count, viewed_count, purchased_count, earnings, updated_at)
SELECT
    FORMAT('m%03d', x),
    FORMAT('page%03d', x),
    NULL,
    'text',
    TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 30 HOUR),
    100,
    10,
    1,
    1,
    TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 29 HOUR)
FROM UNNEST(GENERATE_ARRAY(1, 1)) AS x;
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
SELECT
    FORMAT('c%03d', x),
    FORMAT('page%03d', x),
    'text',
    TRUE,
    CURRENT_TIMESTAMP()
FROM UNNEST(GENERATE_ARRAY(1, 1)) AS x;
-- The lease of this run ended a moment ago, and another run holds it.
CREATE OR REPLACE PROCEDURE start_job_run(new_run STRING, for_job STRING, for_date DATE, lease_seconds INT64, OUT is_open BOOL)
BEGIN
    CALL ensure_lock(CONCAT('job/', for_job));
    UPDATE automation_locks
    SET holder = 'other', held_until = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 600 SECOND)
    WHERE lock_name = CONCAT('job/', for_job);
    INSERT INTO etl_job_runs (run_id, job_name, execution_date, job_start_time, status)
    VALUES (new_run, for_job, for_date, CURRENT_TIMESTAMP(), 'RUNNING');
    SET is_open = TRUE;
END;

-- when
CALL run_daily_automation(CURRENT_DATE('America/Los_Angeles'));

-- then
ASSERT (SELECT COUNT(*) FROM schedule_generation_queue) = 0 AS 'queue';
ASSERT (SELECT STRING_AGG(status) FROM etl_job_runs WHERE job_start_time >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 DAY)) = 'FAILED' AS 'run';
ASSERT (SELECT STRING_AGG(holder) FROM automation_locks) = 'other' AS 'the lease of the other stays';
