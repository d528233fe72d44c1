-- case: a later delivery that only corrects when the message was sent corrects when its caption was used

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
    TIMESTAMP_ADD(sent_at, INTERVAL 3 HOUR),
    sent_count,
    viewed_count,
    purchased_count,
    earnings,
    TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 7 HOUR)
FROM mass_messages;

-- when
CALL update_caption_performance();

-- then
ASSERT (
    SELECT stats.last_used = feedback.sent_at AND feedback.sent_at = (SELECT MAX(sent_at) FROM mass_messages) AND stats.successes = 1
    FROM message_feedback AS feedback
    INNER JOIN caption_bandit_stats AS stats ON feedback.caption_id = stats.caption_id
) AS 'used when the newest delivery says';
