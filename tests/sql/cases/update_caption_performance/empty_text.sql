-- case: an empty text is no text: the caption that is named counts, not the one without a text

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, caption_key, is_active, created_at)
VALUES
    ('a', 'p', 'text a', NULL, TRUE, CURRENT_TIMESTAMP()),
    ('media', 'p', '', NULL, TRUE, CURRENT_TIMESTAMP()),
    ('keyed', 'p', '', caption_key_v2(''), TRUE, CURRENT_TIMESTAMP());
INSERT INTO mass_messages (message_id, page_name, caption_id, message_text, sent_at, sent_count, viewed_count, purchased_count, earnings, updated_at)
VALUES
    ('empty', 'p', 'a', '', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 HOUR), 9, 1, 1, 1, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 4 HOUR)),
    ('blank', 'p', 'a', ' \n\t', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 HOUR), 9, 1, 1, 1, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 4 HOUR)),
    ('media_named', 'p', 'media', '', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 HOUR), 9, 1, 1, 1, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 4 HOUR)),
    ('nothing', 'p', NULL, '', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 HOUR), 9, 1, 1, 1, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 4 HOUR));

-- when
CALL update_caption_performance();

-- then
ASSERT (
    SELECT STRING_AGG(CONCAT(message_id, '=', COALESCE(caption_id, 'none')), ' ' ORDER BY message_id)
    FROM message_feedback
) = 'blank=a empty=a media_named=media nothing=none' AS 'matches';
