-- case: results that were counted while the clock was ahead do not stop those that come when it is right again

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
VALUES ('c1', 'p', 'text', TRUE, CURRENT_TIMESTAMP());
INSERT INTO message_feedback (message_id, page_name, caption_id, sent_at, views, purchases, earnings, updated_at, counted_at)
VALUES ('m1', 'p', 'c1', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 HOUR), 10, 1, 5, TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 90 DAY), TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 90 DAY));
INSERT INTO mass_messages (message_id, page_name, caption_id, message_text, sent_at, sent_count, viewed_count, purchased_count, earnings, updated_at)
VALUES ('m2', 'p', 'c1', 'text', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 4 HOUR), 100, 10, 2, 10, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR));

-- when
CALL update_caption_performance();

-- then
ASSERT (SELECT successes FROM caption_bandit_stats) = 3 AS 'both messages count';
ASSERT (SELECT COUNT(*) FROM uncounted_results) = 0 AS 'nothing is left';
