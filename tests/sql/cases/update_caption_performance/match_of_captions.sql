-- case: a message belongs to the caption whose text it carries, else to the one it names, never to another page

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
VALUES
    ('c1', 'p', 'same text', TRUE, CURRENT_TIMESTAMP()),
    ('c2', 'p', 'Same  text', TRUE, CURRENT_TIMESTAMP()),
    ('c3', 'p', 'for {name}', TRUE, CURRENT_TIMESTAMP()),
    ('c4', 'q', 'same text', TRUE, CURRENT_TIMESTAMP());
INSERT INTO mass_messages (message_id, page_name, caption_id, message_text, sent_at, sent_count, viewed_count, purchased_count, earnings, updated_at)
VALUES
    ('text_only', 'p', NULL, 'same text', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 HOUR), 9, 1, 1, 1, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 4 HOUR)),
    ('names_second', 'p', 'c2', 'same text', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 HOUR), 9, 1, 1, 1, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 4 HOUR)),
    ('names_wrong', 'p', 'c3', 'same text', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 HOUR), 9, 1, 1, 1, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 4 HOUR)),
    ('personal', 'p', 'c3', 'for Ann', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 HOUR), 9, 1, 1, 1, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 4 HOUR)),
    ('no_text', 'q', 'c4', NULL, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 HOUR), 9, 1, 1, 1, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 4 HOUR)),
    ('other_page', 'q', 'c1', 'nothing', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 HOUR), 9, 1, 1, 1, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 4 HOUR));

-- when
CALL update_caption_performance();

-- then
ASSERT (
    SELECT STRING_AGG(CONCAT(message_id, '=', COALESCE(caption_id, 'none')), ' ' ORDER BY message_id)
    FROM message_feedback
) = 'names_second=c2 names_wrong=c1 no_text=c4 other_page=none personal=c3 text_only=c1' AS 'matches';
ASSERT (SELECT COUNT(*) FROM integrity_violations) = 0 AS 'no statistics without a caption';
