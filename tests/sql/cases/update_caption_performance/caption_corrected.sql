-- case: a later delivery with the same counts and another caption gives the message to that caption

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
VALUES
    ('a', 'p', 'text a', TRUE, CURRENT_TIMESTAMP()),
    ('b', 'p', 'text b', TRUE, CURRENT_TIMESTAMP());
INSERT INTO mass_messages (message_id, page_name, caption_id, message_text, sent_at, sent_count, viewed_count, purchased_count, earnings, updated_at)
VALUES
    ('none_first', 'p', NULL, 'text x', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 HOUR), 9, 10, 1, 5, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 4 HOUR)),
    ('a_first', 'p', 'a', 'text a', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 HOUR), 9, 20, 2, 5, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 4 HOUR));
CALL update_caption_performance();
INSERT INTO mass_messages (message_id, page_name, caption_id, message_text, sent_at, sent_count, viewed_count, purchased_count, earnings, updated_at)
VALUES
    ('none_first', 'p', 'b', 'text b', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 HOUR), 9, 10, 1, 5, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR)),
    ('a_first', 'p', 'b', 'text b', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 HOUR), 9, 20, 2, 5, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR));

-- when
CALL update_caption_performance();

-- then
ASSERT (
    SELECT STRING_AGG(CONCAT(caption_id, '=', CAST(total_views AS STRING)), ' ' ORDER BY caption_id)
    FROM caption_bandit_stats
) = 'a=0 b=30' AS 'the messages count for the caption of their newest delivery';
ASSERT (SELECT COUNT(*) FROM message_feedback WHERE caption_id = 'b') = 2 AS 'attribution';
