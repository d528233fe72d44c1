-- case: results that were delivered more than a day behind the newest counted one are counted

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
VALUES ('c1', 'p', 'text', TRUE, CURRENT_TIMESTAMP());
INSERT INTO mass_messages (message_id, page_name, caption_id, message_text, sent_at, sent_count, viewed_count, purchased_count, earnings, updated_at)
VALUES ('newest', 'p', 'c1', 'text', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 HOUR), 100, 10, 1, 5, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR));
CALL update_caption_performance();
INSERT INTO mass_messages (message_id, page_name, caption_id, message_text, sent_at, sent_count, viewed_count, purchased_count, earnings, updated_at)
SELECT
    CONCAT('late', CAST(x AS STRING)),
    'p',
    'c1',
    'text',
    TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 28 HOUR),
    100,
    10,
    1,
    5,
    TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 27 HOUR)
FROM UNNEST([1, 2, 3]) AS x;
ASSERT (SELECT SUM(results) FROM uncounted_results) = 3 AS 'delivered before the last run, not counted';

-- when
CALL update_caption_performance();

-- then
ASSERT (SELECT successes FROM caption_bandit_stats) = 4 AS 'all four count';
ASSERT (SELECT COUNT(*) FROM uncounted_results) = 0 AS 'nothing is left';
ASSERT (SELECT STRING_AGG(freshness_status) FROM performance_feedback_health) = 'FRESH' AS 'fresh by right';
