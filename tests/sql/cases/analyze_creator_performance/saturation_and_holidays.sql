-- case: saturation is planned messages by target, and a holiday lowers the target

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
VALUES ('c1', 'p', 'text', TRUE, CURRENT_TIMESTAMP());
INSERT INTO holiday_calendar (holiday_date, holiday_name, saturation_impact_factor)
VALUES ('2026-12-25', 'Christmas Day', 0.6), ('2026-12-25', 'Our own day', 0.9);
INSERT INTO mass_messages (message_id, page_name, caption_id, message_text, sent_at, sent_count, viewed_count, purchased_count, earnings, updated_at)
VALUES ('m1', 'p', NULL, 'text', '2026-12-20 12:00:00 America/Los_Angeles', 500, 10, 1, 1, '2026-12-20 12:00:00 UTC');
INSERT INTO active_caption_assignments (assignment_id, page_name, caption_id, scheduled_send_date, assigned_at, is_active)
SELECT
    CAST(x AS STRING),
    'p',
    CAST(x AS STRING),
    '2026-12-26',
    '2026-12-20 00:00:00 UTC',
    TRUE
FROM UNNEST(GENERATE_ARRAY(1, 33)) AS x;

-- when
SELECT * FROM analyze_creator_performance('p', DATE '2026-12-22');

-- then
ASSERT (
    SELECT account_size = 'SMALL' AND daily_target = 5 AND planned_messages = 33 AND target_messages = 33 AND saturation_pct = 100
    FROM analyze_creator_performance('p', DATE '2026-12-22')
) AS 'six days of 5 and one of 3';
ASSERT (
    SELECT target_messages = 35 AND planned_messages = 0
    FROM analyze_creators(DATE '2027-01-02')
) AS 'no holiday in the window, locks of past days do not count';
ASSERT (SELECT COUNT(*) FROM analyze_creator_performance('nobody', DATE '2026-12-22')) = 0 AS 'an unknown page has no row';
