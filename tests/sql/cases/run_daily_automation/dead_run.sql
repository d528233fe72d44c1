-- case: a run that never ended does not block the next one

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
INSERT INTO etl_job_runs (run_id, job_name, execution_date, job_start_time, status)
VALUES ('dead', 'run_daily_automation', CURRENT_DATE('America/Los_Angeles'), TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1501 SECOND), 'RUNNING');

-- when
CALL run_daily_automation(CURRENT_DATE('America/Los_Angeles'));

-- then
ASSERT (SELECT COUNT(*) FROM schedule_generation_queue) = 1 AS 'queue';
