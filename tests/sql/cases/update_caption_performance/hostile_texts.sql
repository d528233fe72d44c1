-- case: quotes, comment signs, emoji, right-to-left text, long and NULL texts and SQL in page names stay data

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
VALUES
    ('c1', "p'; DROP TABLE caption_bank; --", "it's -- /* */ \"quoted\" \\", TRUE, CURRENT_TIMESTAMP()),
    ('c2', "p'; DROP TABLE caption_bank; --", '\U0001F618 \u0645\u0631\u062d\u0628\u0627', TRUE, CURRENT_TIMESTAMP()),
    ('c3', "p'; DROP TABLE caption_bank; --", REPEAT('x', 10000), TRUE, CURRENT_TIMESTAMP()),
    ('c4', "p'; DROP TABLE caption_bank; --", NULL, TRUE, CURRENT_TIMESTAMP());
INSERT INTO mass_messages (message_id, page_name, caption_id, message_text, sent_at, sent_count, viewed_count, purchased_count, earnings, updated_at)
SELECT
    CONCAT('m', caption_id),
    page_name,
    IF(caption_text IS NULL, caption_id, NULL),
    caption_text,
    TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 HOUR),
    9,
    10,
    1,
    1,
    TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 4 HOUR)
FROM caption_bank;

-- when
CALL update_caption_performance();

-- then
ASSERT (SELECT COUNT(*) FROM caption_bandit_stats WHERE successes = 1) = 4 AS 'every caption is counted';
ASSERT (SELECT COUNT(*) FROM caption_bank) = 4 AS 'the bank is still there';
