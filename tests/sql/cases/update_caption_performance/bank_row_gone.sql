-- case: a caption that leaves the bank keeps what was counted for it

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
VALUES ('a', 'p', 'text a', TRUE, CURRENT_TIMESTAMP());
INSERT INTO mass_messages (message_id, page_name, caption_id, message_text, sent_at, sent_count, viewed_count, purchased_count, earnings, updated_at)
VALUES ('m', 'p', 'a', 'text a', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 HOUR), 9, 10, 1, 5, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 4 HOUR));
CALL update_caption_performance();
DELETE FROM caption_bank WHERE TRUE;

-- when
CALL update_caption_performance();

-- then
ASSERT (SELECT total_views FROM caption_bandit_stats) = 10 AS 'the statistics stay';
ASSERT (SELECT caption_id FROM message_feedback) = 'a' AS 'the attribution stays';
