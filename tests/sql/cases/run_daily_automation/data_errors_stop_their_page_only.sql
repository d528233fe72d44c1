-- case: five neighbours without captions are reported, and the six pages behind them get their requests

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
FROM UNNEST(GENERATE_ARRAY(1, 11)) AS x;
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
SELECT
    FORMAT('c%03d', x),
    FORMAT('page%03d', x),
    'text',
    TRUE,
    CURRENT_TIMESTAMP()
FROM UNNEST(GENERATE_ARRAY(6, 11)) AS x;

-- when
CALL run_daily_automation(CURRENT_DATE('America/Los_Angeles'));

-- then
ASSERT (SELECT STRING_AGG(FORMAT('%s %d %d %d', status, creators_processed, creators_failed, schedules_queued)) FROM etl_job_runs) = 'PARTIAL 6 5 6' AS 'run';
ASSERT (SELECT STRING_AGG(page_name, ' ' ORDER BY page_name) FROM schedule_generation_queue) = 'page006 page007 page008 page009 page010 page011' AS 'queue';
ASSERT (
    SELECT STRING_AGG(DISTINCT CONCAT(step, ': ', error_message)) FROM creator_processing_errors
) = 'ANALYZE: caption_bank has no active caption of the page' AS 'each is reported';
ASSERT (SELECT COUNT(*) FROM creator_processing_errors) = 5 AS 'all of them';
ASSERT (SELECT STRING_AGG(CONCAT(alert_level, ' ', alert_name)) FROM automation_alerts) = 'WARNING High creator failure rate' AS 'alert';
CALL record_health_check();
ASSERT (
    SELECT ROUND(value) FROM alert_readings(CURRENT_TIMESTAMP()) WHERE rule_id = 'A09' AND is_beyond
) = 45 AS 'the rate of A09';
ASSERT (SELECT COUNT(*) FROM alert_readings(CURRENT_TIMESTAMP()) WHERE rule_id = 'A18' AND is_beyond) = 0 AS 'no breaker';
