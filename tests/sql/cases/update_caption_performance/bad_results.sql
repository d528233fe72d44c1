-- case: purchases above views, negative counts and NULL are cleaned, a message of the future waits

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
VALUES ('c1', 'p', 'text', TRUE, CURRENT_TIMESTAMP());
INSERT INTO mass_messages (message_id, page_name, caption_id, message_text, sent_at, sent_count, viewed_count, purchased_count, earnings, updated_at)
VALUES
    ('more_purchases', 'p', NULL, 'text', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 HOUR), 100, 10, 99, 10, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 4 HOUR)),
    ('negative', 'p', NULL, 'text', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 HOUR), -1, -10, -2, -5, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 4 HOUR)),
    ('nulls', 'p', NULL, 'text', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 HOUR), NULL, NULL, NULL, NULL, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 4 HOUR)),
    ('future', 'p', NULL, 'text', TIMESTAMP '2190-01-01 00:00:00 UTC', 1, 1, 1, 1, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 4 HOUR)),
    ('ancient', 'p', NULL, 'text', TIMESTAMP '1971-01-01 00:00:00 UTC', 1, 1, 1, 1, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 4 HOUR));

-- when
CALL update_caption_performance();

-- then
ASSERT (SELECT successes = 10 AND failures = 0 AND total_emv = 10 FROM caption_bandit_stats) AS 'cleaned sums';
ASSERT (SELECT COUNT(*) FROM message_feedback) = 3 AS 'future and ancient messages are not counted';
ASSERT (SELECT COUNT(*) FROM corrupt_statistics) = 0 AS 'nothing corrupt';
