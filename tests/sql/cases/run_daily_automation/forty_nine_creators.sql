-- case: five failures that are not in a row leave the breaker closed; 5 of 49 is above 10 percent

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
FROM UNNEST(GENERATE_ARRAY(1, 49)) AS x;
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
SELECT
    FORMAT('c%03d', x),
    FORMAT('page%03d', x),
    'text',
    TRUE,
    CURRENT_TIMESTAMP()
FROM UNNEST(GENERATE_ARRAY(1, 49)) AS x;
INSERT INTO caption_bandit_stats (page_name, caption_id, last_used, last_updated, successes, failures, total_views, engagement_count, wilson_score_lower_bound, wilson_score_upper_bound, total_emv)
SELECT
    page_name,
    'corrupt',
    NULL,
    CURRENT_TIMESTAMP(),
    1,
    1,
    -1,
    1,
    0.5,
    0.6,
    1
FROM UNNEST(['page005', 'page015', 'page025', 'page035', 'page045']) AS page_name;

-- when
CALL run_daily_automation(CURRENT_DATE('America/Los_Angeles'));

-- then
ASSERT (SELECT STRING_AGG(FORMAT('%s %d %d', status, creators_processed, creators_failed)) FROM etl_job_runs) = 'PARTIAL 44 5' AS 'run';
ASSERT (SELECT STRING_AGG(alert_name) FROM automation_alerts) = 'High creator failure rate' AS 'alert';
