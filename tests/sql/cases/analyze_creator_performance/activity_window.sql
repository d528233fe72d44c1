-- case: a page is active for messages of thirty days in the business time zone

-- given
INSERT INTO mass_messages (message_id, page_name, caption_id, message_text, sent_at, sent_count, viewed_count, purchased_count, earnings, updated_at)
VALUES
    ('m1', 'first_day', NULL, 'x', '2026-03-01 00:00:00 America/Los_Angeles', 1, 1, 1, 1, CURRENT_TIMESTAMP()),
    ('m2', 'too_old', NULL, 'x', '2026-02-28 23:59:59 America/Los_Angeles', 1, 1, 1, 1, CURRENT_TIMESTAMP()),
    ('m3', 'last_moment', NULL, 'x', '2026-03-31 23:59:59 America/Los_Angeles', 1, 1, 1, 1, CURRENT_TIMESTAMP()),
    ('m4', 'next_day', NULL, 'x', '2026-04-01 00:00:00 America/Los_Angeles', 1, 1, 1, 1, CURRENT_TIMESTAMP());

-- when
SELECT * FROM account_sizes(DATE '2026-03-31');

-- then
ASSERT (
    SELECT STRING_AGG(page_name, ' ' ORDER BY page_name)
    FROM account_sizes(DATE '2026-03-31')
) = 'first_day last_moment' AS 'across the change of the clock in March';
