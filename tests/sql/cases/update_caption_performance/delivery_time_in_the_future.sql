-- case: a delivery time in the future does not stop later results from being counted

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
VALUES ('c1', 'p', 'text', TRUE, CURRENT_TIMESTAMP());
INSERT INTO mass_messages (message_id, page_name, caption_id, message_text, sent_at, sent_count, viewed_count, purchased_count, earnings, updated_at)
VALUES ('m1', 'p', NULL, 'text', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 HOUR), 100, 10, 1, 10, TIMESTAMP '2190-01-01 00:00:00 UTC');
CALL update_caption_performance();
INSERT INTO mass_messages (message_id, page_name, caption_id, message_text, sent_at, sent_count, viewed_count, purchased_count, earnings, updated_at)
VALUES ('m2', 'p', NULL, 'text', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 HOUR), 100, 10, 1, 10, CURRENT_TIMESTAMP());

-- when
CALL update_caption_performance();

-- then
ASSERT (SELECT successes FROM caption_bandit_stats) = 2 AS 'both messages count';
ASSERT (SELECT LOGICAL_AND(updated_at <= counted_at) FROM message_feedback) AS 'the second run delivers the first message again';
