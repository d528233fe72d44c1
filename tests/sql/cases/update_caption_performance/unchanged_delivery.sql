-- case: a result delivered again without a change is seen, and changes no statistics

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
VALUES ('c1', 'p', 'text', TRUE, CURRENT_TIMESTAMP());
INSERT INTO mass_messages (message_id, page_name, caption_id, message_text, sent_at, sent_count, viewed_count, purchased_count, earnings, updated_at)
VALUES ('m1', 'p', 'c1', 'text', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 48 HOUR), 100, 10, 1, 5, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 40 HOUR));
CALL update_caption_performance();
INSERT INTO mass_messages (message_id, page_name, caption_id, message_text, sent_at, sent_count, viewed_count, purchased_count, earnings, updated_at)
SELECT
    message_id,
    page_name,
    caption_id,
    message_text,
    sent_at,
    sent_count,
    viewed_count,
    purchased_count,
    earnings,
    TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 7 HOUR)
FROM mass_messages;

-- when
CALL update_caption_performance();

-- then
ASSERT (SELECT MAX(rows_affected) - MIN(rows_affected) FROM etl_job_runs) = 1 AS 'the second run changed a row';
ASSERT (SELECT last_updated = created_at AND successes = 1 FROM caption_bandit_stats) AS 'statistics of the first run';
ASSERT (
    SELECT TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), feedback.updated_at, HOUR) = 7 AND feedback.counted_at = stats.last_updated
    FROM message_feedback AS feedback
    CROSS JOIN caption_bandit_stats AS stats
) AS 'the time of the newest delivery, counted by the first run';
ASSERT (SELECT COUNT(*) FROM message_feedback) = 1 AS 'one row per message';
