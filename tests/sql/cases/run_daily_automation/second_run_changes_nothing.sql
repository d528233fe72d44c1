-- case: a second run of a day that succeeded changes nothing, whatever the builders did since

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
FROM UNNEST(GENERATE_ARRAY(1, 2)) AS x;
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
SELECT
    FORMAT('c%03d', x),
    FORMAT('page%03d', x),
    'text',
    TRUE,
    CURRENT_TIMESTAMP()
FROM UNNEST(GENERATE_ARRAY(1, 2)) AS x;
CALL run_daily_automation(CURRENT_DATE('America/Los_Angeles'));
UPDATE schedule_generation_queue
SET status = 'COMPLETED'
WHERE page_name = 'page001';

-- when
CALL run_daily_automation(CURRENT_DATE('America/Los_Angeles'));

-- then
ASSERT (SELECT STRING_AGG(status, ' ' ORDER BY page_name) FROM schedule_generation_queue) = 'COMPLETED PENDING' AS 'queue';
ASSERT (SELECT COUNT(*) FROM etl_job_runs WHERE job_name = 'run_daily_automation') = 1 AS 'run log';
ASSERT (SELECT COUNT(*) FROM automation_alerts) = 1 AS 'alerts';
