-- case: five statements in a row that fail open the breaker and the creators behind are skipped
-- settings: {"automation": {"medium_daily_target": 11}}

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
FROM UNNEST(GENERATE_ARRAY(1, 9)) AS x;
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
SELECT
    FORMAT('c%03d', x),
    FORMAT('page%03d', x),
    'text',
    TRUE,
    CURRENT_TIMESTAMP()
FROM UNNEST(GENERATE_ARRAY(1, 9)) AS x;
CREATE OR REPLACE TABLE FUNCTION analyze_creators(on_date DATE)
AS (
    SELECT
        page_name,
        IF(page_name BETWEEN 'page002' AND 'page007', CAST(ERROR('figures of this page stop the statement') AS FLOAT64), 10.0) AS saturation_pct,
        CAST(NULL AS STRING) AS analysis_error
    FROM account_sizes(on_date)
);
CREATE OR REPLACE TABLE FUNCTION analyze_creator_performance(for_page STRING, on_date DATE)
AS (
    SELECT
        page_name,
        IF(page_name BETWEEN 'page002' AND 'page007', CAST(ERROR('figures of this page stop the statement') AS FLOAT64), 10.0) AS saturation_pct,
        CAST(NULL AS STRING) AS analysis_error
    FROM account_size(for_page, on_date)
);

-- when
CALL run_daily_automation(CURRENT_DATE('America/Los_Angeles'));

-- then
ASSERT (SELECT STRING_AGG(FORMAT('%s %d %d', status, creators_processed, creators_failed)) FROM etl_job_runs WHERE job_start_time >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 DAY)) = 'CIRCUIT_OPEN 1 5' AS 'run';
ASSERT (SELECT STRING_AGG(page_name) FROM schedule_generation_queue) = 'page001' AS 'queue';
ASSERT (
    SELECT STRING_AGG(page_name, ' ' ORDER BY page_name)
    FROM creator_processing_errors
    WHERE error_time >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 DAY) AND step = 'SKIPPED'
) = 'page007 page008 page009' AS 'skipped creators are listed';
ASSERT (SELECT STRING_AGG(CONCAT(alert_level, ' ', alert_name)) FROM automation_alerts WHERE alert_time >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 DAY)) = 'CRITICAL Circuit breaker open' AS 'alert';
