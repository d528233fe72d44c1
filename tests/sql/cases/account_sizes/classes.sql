-- case: pages are classed by their median audience, with missing counts as none

-- given
INSERT INTO mass_messages (message_id, page_name, caption_id, message_text, sent_at, sent_count, viewed_count, purchased_count, earnings, updated_at)
VALUES
    ('small0', 'small', NULL, 'x', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), 999, 1, 1, 1, CURRENT_TIMESTAMP()),
    ('small1', 'small', NULL, 'x', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 2 HOUR), 999, 1, 1, 1, CURRENT_TIMESTAMP()),
    ('small2', 'small', NULL, 'x', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 3 HOUR), 999, 1, 1, 1, CURRENT_TIMESTAMP()),
    ('medium0', 'medium', NULL, 'x', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), 10, 1, 1, 1, CURRENT_TIMESTAMP()),
    ('medium1', 'medium', NULL, 'x', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 2 HOUR), 1000, 1, 1, 1, CURRENT_TIMESTAMP()),
    ('medium2', 'medium', NULL, 'x', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 3 HOUR), 5000, 1, 1, 1, CURRENT_TIMESTAMP()),
    ('large0', 'large', NULL, 'x', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), 10000, 1, 1, 1, CURRENT_TIMESTAMP()),
    ('large1', 'large', NULL, 'x', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 2 HOUR), 10000, 1, 1, 1, CURRENT_TIMESTAMP()),
    ('large2', 'large', NULL, 'x', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 3 HOUR), 10, 1, 1, 1, CURRENT_TIMESTAMP()),
    ('unknown0', 'unknown', NULL, 'x', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), NULL, 1, 1, 1, CURRENT_TIMESTAMP()),
    ('unknown1', 'unknown', NULL, 'x', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 2 HOUR), NULL, 1, 1, 1, CURRENT_TIMESTAMP()),
    ('unknown2', 'unknown', NULL, 'x', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 3 HOUR), -4, 1, 1, 1, CURRENT_TIMESTAMP());

-- when
SELECT * FROM account_sizes(CURRENT_DATE('America/Los_Angeles'));

-- then
ASSERT (
    SELECT STRING_AGG(FORMAT('%s=%s:%d', page_name, account_size, daily_target), ' ' ORDER BY page_name)
    FROM account_sizes(CURRENT_DATE('America/Los_Angeles'))
) = 'large=LARGE:15 medium=MEDIUM:10 small=SMALL:5 unknown=SMALL:5' AS 'classes';
