-- case: after a partial run the day can be repeated: only the missing request is added

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
FROM UNNEST(['page002']) AS page_name;
CALL run_daily_automation(CURRENT_DATE('America/Los_Angeles'));
DELETE FROM caption_bandit_stats WHERE TRUE;

-- when
CALL run_daily_automation(CURRENT_DATE('America/Los_Angeles'));

-- then
ASSERT (SELECT STRING_AGG(page_name, ' ' ORDER BY page_name) FROM schedule_generation_queue) = 'page001 page002 page003' AS 'queue';
ASSERT (SELECT STRING_AGG(CONCAT(status, CAST(schedules_queued AS STRING)), ' ' ORDER BY job_start_time) FROM etl_job_runs) = 'PARTIAL2 SUCCESS1' AS 'runs';
