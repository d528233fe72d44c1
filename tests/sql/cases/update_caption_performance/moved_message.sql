-- case: a message that a later delivery gives to another page leaves the first caption

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
VALUES
    ('c1', 'p', 'text', TRUE, CURRENT_TIMESTAMP()),
    ('c2', 'q', 'text', TRUE, CURRENT_TIMESTAMP());
INSERT INTO mass_messages (message_id, page_name, caption_id, message_text, sent_at, sent_count, viewed_count, purchased_count, earnings, updated_at)
VALUES ('m1', 'p', NULL, 'text', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 HOUR), 9, 10, 1, 1, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 4 HOUR));
CALL update_caption_performance();
INSERT INTO mass_messages (message_id, page_name, caption_id, message_text, sent_at, sent_count, viewed_count, purchased_count, earnings, updated_at)
VALUES ('m1', 'q', NULL, 'text', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 HOUR), 9, 10, 1, 1, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR));

-- when
CALL update_caption_performance();

-- then
ASSERT (
    SELECT STRING_AGG(CONCAT(caption_id, '=', CAST(total_views AS STRING)), ' ' ORDER BY caption_id)
    FROM caption_bandit_stats
) = 'c1=0 c2=10' AS 'views moved with the message';
