-- case: a creator whose figures stop the statement over all creators is found and the others are queued

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
INSERT INTO caption_bandit_stats (page_name, caption_id, last_used, last_updated, successes, failures, total_views, engagement_count, wilson_score_lower_bound, wilson_score_upper_bound, total_emv)
SELECT
    'page002',
    CAST(x AS STRING),
    NULL,
    CURRENT_TIMESTAMP(),
    1,
    1,
    9223372036854775807,
    1,
    0.5,
    0.6,
    CAST('99999999999999999999999999999' AS NUMERIC)
FROM UNNEST(GENERATE_ARRAY(1, 20)) AS x;

-- when
CALL run_daily_automation(CURRENT_DATE('America/Los_Angeles'));

-- then
ASSERT (SELECT STRING_AGG(page_name, ' ' ORDER BY page_name) FROM schedule_generation_queue) = 'page001 page003 page004' AS 'queue';
ASSERT (SELECT STRING_AGG(page_name) FROM creator_processing_errors WHERE step = 'ANALYZE') = 'page002' AS 'error';
