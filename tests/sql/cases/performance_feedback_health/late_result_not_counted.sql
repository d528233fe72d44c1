-- case: a page is not fresh while a result that was delivered before the last run is not counted, however new its others are

-- given
INSERT INTO mass_messages (message_id, page_name, caption_id, message_text, sent_at, sent_count, viewed_count, purchased_count, earnings, updated_at)
VALUES
    ('late', 'p', NULL, 'x', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 20 DAY), 1, 1, 1, 1, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 30 HOUR)),
    ('new', 'p', NULL, 'x', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 30 HOUR), 1, 1, 1, 1, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 20 HOUR)),
    ('other', 'q', NULL, 'x', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 30 HOUR), 1, 1, 1, 1, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 20 HOUR));
INSERT INTO message_feedback (message_id, page_name, sent_at, views, purchases, earnings, updated_at, counted_at)
VALUES
    ('new', 'p', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 30 HOUR), 1, 1, 1, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 20 HOUR), TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 19 HOUR)),
    ('other', 'q', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 30 HOUR), 1, 1, 1, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 20 HOUR), TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 19 HOUR));
INSERT INTO caption_bandit_stats (page_name, caption_id, last_updated, successes, failures)
SELECT page, 'c', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 19 HOUR), 1, 0
FROM UNNEST(['p', 'q']) AS page;
INSERT INTO etl_job_runs (run_id, job_name, execution_date, job_start_time, status)
VALUES ('r', 'update_caption_performance', CURRENT_DATE('America/Los_Angeles'), TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), 'SUCCESS');

-- when
SELECT * FROM performance_feedback_health;

-- then
ASSERT (
    SELECT STRING_AGG(CONCAT(page_name, ' ', freshness_status), ', ' ORDER BY page_name)
    FROM performance_feedback_health
) = 'p CRITICAL, q FRESH' AS 'a page with a result that is not counted';
