-- case: a creator that stops the statement over all creators is found and the others are queued
-- settings: {"automation": {"breaker_failures": 2}}

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
FROM UNNEST(GENERATE_ARRAY(1, 4)) AS x;
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
SELECT
    FORMAT('c%03d', x),
    FORMAT('page%03d', x),
    'text',
    TRUE,
    CURRENT_TIMESTAMP()
FROM UNNEST(GENERATE_ARRAY(1, 4)) AS x;
CREATE OR REPLACE TABLE FUNCTION analyze_creators(on_date DATE)
AS (
    SELECT
        page_name,
        IF(page_name IN ('page002'), CAST(ERROR('figures of this page stop the statement') AS FLOAT64), 10.0) AS saturation_pct,
        CAST(NULL AS STRING) AS analysis_error
    FROM account_sizes(on_date)
);
CREATE OR REPLACE TABLE FUNCTION analyze_creator_performance(for_page STRING, on_date DATE)
AS (
    SELECT
        page_name,
        IF(page_name IN ('page002'), CAST(ERROR('figures of this page stop the statement') AS FLOAT64), 10.0) AS saturation_pct,
        CAST(NULL AS STRING) AS analysis_error
    FROM account_size(for_page, on_date)
);

-- when
CALL run_daily_automation(CURRENT_DATE('America/Los_Angeles'));

-- then
ASSERT (SELECT STRING_AGG(page_name, ' ' ORDER BY page_name) FROM schedule_generation_queue) = 'page001 page003 page004' AS 'queue';
ASSERT (
    SELECT STRING_AGG(CONCAT(page_name, ': ', error_message))
    FROM creator_processing_errors
    WHERE error_time >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 DAY) AND step = 'ANALYZE'
) = 'page002: figures of this page stop the statement' AS 'error';
