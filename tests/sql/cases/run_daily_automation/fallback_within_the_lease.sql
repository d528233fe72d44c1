-- case: looking at each creator on its own ends a minute before the lease, and the rest is reported
-- settings: {"automation": {"medium_daily_target": 13}, "limits": {"daily_run_timeout_seconds": 60}}

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
FROM UNNEST(GENERATE_ARRAY(1, 3)) AS x;
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
SELECT
    FORMAT('c%03d', x),
    FORMAT('page%03d', x),
    'text',
    TRUE,
    CURRENT_TIMESTAMP()
FROM UNNEST(GENERATE_ARRAY(1, 3)) AS x;
CREATE OR REPLACE TABLE FUNCTION analyze_creators(on_date DATE)
AS (
    SELECT
        page_name,
        CAST(ERROR('the statement over all fails') AS FLOAT64) AS saturation_pct,
        CAST(NULL AS STRING) AS analysis_error
    FROM account_sizes(on_date)
);
CREATE OR REPLACE TABLE FUNCTION analyze_creator_performance(for_page STRING, on_date DATE)
AS (
    SELECT
        page_name,
        10.0 AS saturation_pct,
        CAST(NULL AS STRING) AS analysis_error
    FROM account_size(for_page, on_date)
);

-- when
CALL run_daily_automation(CURRENT_DATE('America/Los_Angeles'));

-- then
ASSERT (SELECT STRING_AGG(FORMAT('%s %d %d', status, creators_total, creators_processed)) FROM etl_job_runs WHERE job_start_time >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 DAY)) = 'PARTIAL 3 1' AS 'run';
ASSERT (SELECT STRING_AGG(page_name) FROM schedule_generation_queue) = 'page001' AS 'queue';
ASSERT (
    SELECT STRING_AGG(CONCAT(page_name, ' ', error_message), ', ' ORDER BY page_name) FROM creator_processing_errors WHERE error_time >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 DAY)
) = 'page002 not analysed: the lease of the run was at its end, page003 not analysed: the lease of the run was at its end' AS 'skipped';
ASSERT (SELECT STRING_AGG(CONCAT(alert_level, ' ', alert_name)) FROM automation_alerts WHERE alert_time >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 DAY)) = 'WARNING Daily automation cut short' AS 'alert';
