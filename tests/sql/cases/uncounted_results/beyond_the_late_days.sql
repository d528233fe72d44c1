-- case: a result that comes later than the late days is reported by the next run, and a recount counts it

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
VALUES ('c1', 'p', 'text', TRUE, CURRENT_TIMESTAMP());
INSERT INTO mass_messages (message_id, page_name, caption_id, message_text, sent_at, sent_count, viewed_count, purchased_count, earnings, updated_at)
VALUES
    ('old', 'p', 'c1', 'text', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 40 DAY), 100, 10, 1, 5, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 39 DAY)),
    ('newest', 'p', 'c1', 'text', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 HOUR), 100, 10, 1, 5, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR));
CALL update_caption_performance();
INSERT INTO mass_messages (message_id, page_name, caption_id, message_text, sent_at, sent_count, viewed_count, purchased_count, earnings, updated_at)
VALUES
    ('old', 'p', 'c1', 'text', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 40 DAY), 100, 20, 2, 5, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 30 MINUTE)),
    ('older', 'p', 'c1', 'text', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 41 DAY), 100, 10, 1, 5, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 40 MINUTE)),
    ('other', 'q', 'c1', 'text', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 90 DAY), 100, 10, 1, 5, TIMESTAMP '2190-01-01 00:00:00 UTC');
CALL update_caption_performance();
ASSERT (SELECT successes FROM caption_bandit_stats) = 2 AS 'too late for the run';
ASSERT (
    SELECT STRING_AGG(FORMAT('%s %d %t', page_name, results, oldest_send_date), ', ' ORDER BY page_name)
    FROM uncounted_results
) = FORMAT(
    'p 2 %t, q 1 %t',
    DATE(TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 41 DAY)),
    DATE(TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 90 DAY))
) AS 'each page with what is missing';
ASSERT (
    SELECT STRING_AGG(CAST(CAST(value AS INT64) AS STRING), ' ' ORDER BY figure_time)
    FROM stored_figures
    WHERE figure = 'uncounted_results'
) = '0 3' AS 'what the health check reads';
CALL record_health_check();
ASSERT (
    SELECT LOGICAL_AND(is_beyond)
    FROM alert_readings(CURRENT_TIMESTAMP())
    WHERE rule_id = 'A29'
) AS 'the rule fires';

-- when
CALL recount_caption_performance(DATE(TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 90 DAY)));

-- then
ASSERT (SELECT successes FROM caption_bandit_stats) = 4 AS 'three messages, the one that grew once';
ASSERT (SELECT COUNT(*) FROM message_feedback) = 4 AS 'one row per message';
ASSERT (SELECT COUNT(*) FROM uncounted_results) = 0 AS 'nothing is left';
ASSERT (
    SELECT ARRAY_AGG(value ORDER BY figure_time DESC LIMIT 1)[OFFSET(0)]
    FROM stored_figures
    WHERE figure = 'uncounted_results'
) = 0 AS 'the rule ends';
