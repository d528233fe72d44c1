-- case: a delivery in two halves, the second with an older message, counts like one delivery

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
VALUES ('c1', 'p', 'text', TRUE, CURRENT_TIMESTAMP());
INSERT INTO mass_messages (message_id, page_name, caption_id, message_text, sent_at, sent_count, viewed_count, purchased_count, earnings, updated_at)
VALUES ('m2', 'p', NULL, 'text', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 3 HOUR), 100, 50, 5, 50, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 2 HOUR));
CALL update_caption_performance();
INSERT INTO mass_messages (message_id, page_name, caption_id, message_text, sent_at, sent_count, viewed_count, purchased_count, earnings, updated_at)
VALUES ('m1', 'p', NULL, 'text', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 HOUR), 100, 50, 5, 50.5, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 4 HOUR));

-- when
CALL update_caption_performance();

-- then
ASSERT (
    SELECT successes = 10 AND failures = 90 AND total_emv = 100.5
    FROM caption_bandit_stats
) AS 'the late message counts';
