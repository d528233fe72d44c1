-- case: a result that grew after a run replaces the one counted

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
VALUES ('c1', 'p', 'text', TRUE, CURRENT_TIMESTAMP());
INSERT INTO mass_messages (message_id, page_name, caption_id, message_text, sent_at, sent_count, viewed_count, purchased_count, earnings, updated_at)
VALUES ('m1', 'p', NULL, 'text', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 HOUR), 100, 50, 5, 50, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 4 HOUR));
CALL update_caption_performance();
INSERT INTO mass_messages (message_id, page_name, caption_id, message_text, sent_at, sent_count, viewed_count, purchased_count, earnings, updated_at)
VALUES ('m1', 'p', NULL, 'text', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 HOUR), 100, 80, 8, 80, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR));

-- when
CALL update_caption_performance();

-- then
ASSERT (SELECT successes = 8 AND total_views = 80 AND total_emv = 80 FROM caption_bandit_stats) AS 'the later result';
