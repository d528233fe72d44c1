-- case: a message is counted under the load of the sends of its caption before it

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
VALUES
    ('c1', 'p', 'text', TRUE, CURRENT_TIMESTAMP()),
    ('c2', 'p', 'other', TRUE, CURRENT_TIMESTAMP());
-- 60, 30 and 0 days ago: loads of 0, 1/2 and 1/2 + 1/4.
INSERT INTO mass_messages (message_id, page_name, caption_id, message_text, sent_at, sent_count, viewed_count, purchased_count, earnings, updated_at)
SELECT
    CONCAT('m', CAST(days AS STRING)),
    'p',
    'c1',
    'text',
    TIMESTAMP_SUB(TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), INTERVAL days DAY),
    1000,
    IF(days = 0, 100, 400),
    IF(days = 0, 8, 20),
    50,
    CURRENT_TIMESTAMP()
FROM UNNEST([60, 30, 0]) AS days;
INSERT INTO mass_messages (message_id, page_name, caption_id, message_text, sent_at, sent_count, viewed_count, purchased_count, earnings, updated_at)
VALUES ('other', 'p', 'c2', 'other', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), 100, 50, 5, 50, CURRENT_TIMESTAMP());

-- when
CALL update_caption_performance();

-- then
ASSERT (SELECT ABS(recent_sends - 1.75) FROM caption_bandit_stats WHERE caption_id = 'c1') < 1e-9 AS 'the newest and what is left of the others';
ASSERT (SELECT ABS(load_views - (400 * 0.5 + 100 * 0.75)) FROM caption_bandit_stats WHERE caption_id = 'c1') < 1e-6 AS 'views';
ASSERT (SELECT ABS(load_squares - (400 * 0.25 + 100 * 0.5625)) FROM caption_bandit_stats WHERE caption_id = 'c1') < 1e-6 AS 'squares';
ASSERT (SELECT ABS(load_purchases - (20 * 0.5 + 8 * 0.75)) FROM caption_bandit_stats WHERE caption_id = 'c1') < 1e-6 AS 'purchases';
ASSERT (SELECT recent_sends = 1 AND load_views = 0 AND load_purchases = 0 FROM caption_bandit_stats WHERE caption_id = 'c2') AS 'a caption that was sent once was rested';
