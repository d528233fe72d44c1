-- case: stored figures are those that a selection would compute; a page that is gone leaves, a repeat changes nothing

-- given
INSERT INTO class_ratios (class, captions, rate_ratio, value_ratio, refreshed_at, tiring)
VALUES
    ('dear', 5, 0.7, 1.4, CURRENT_TIMESTAMP(), 0.2),
    ('', 9, 1.1, 0.9, CURRENT_TIMESTAMP(), NULL);
INSERT INTO weekday_ratios (weekday, messages, rate_ratio, refreshed_at)
SELECT
    weekday,
    10,
    1 + weekday / 100,
    CURRENT_TIMESTAMP()
FROM UNNEST(GENERATE_ARRAY(1, 7)) AS weekday;
INSERT INTO holiday_calendar (holiday_date, holiday_name, saturation_impact_factor)
VALUES
    (DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 3 DAY), 'Quiet', 0.6),
    (DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 3 DAY), 'Quiet, too', 0.8),
    (DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 4 DAY), 'As any other', 1.0),
    (DATE_SUB(CURRENT_DATE('America/Los_Angeles'), INTERVAL 3 DAY), 'Past', 0.6);
INSERT INTO message_feedback (message_id, page_name, caption_id, sent_at, views, purchases, earnings, updated_at, counted_at)
VALUES
    ('m1', 'counted', 'c', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 50 DAY), 100, 1, 1, CURRENT_TIMESTAMP(), CURRENT_TIMESTAMP()),
    ('m2', 'counted', NULL, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 DAY), 301, 1, 1, CURRENT_TIMESTAMP(), CURRENT_TIMESTAMP()),
    ('m3', 'both', 'c', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 DAY), 7, 1, 1, CURRENT_TIMESTAMP(), CURRENT_TIMESTAMP());
INSERT INTO mass_messages (message_id, page_name, sent_at, sent_count, updated_at)
VALUES
    ('m3', 'both', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 DAY), 1000000, CURRENT_TIMESTAMP()),
    ('m4', 'sent only', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 DAY), 1000000, CURRENT_TIMESTAMP());
INSERT INTO page_figures (page_name, message_views, daily_target, refreshed_at)
VALUES
    ('gone', 1, 1, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 DAY)),
    ('both', 1, 1, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 DAY));
CALL refresh_page_figures();

-- when
CALL refresh_page_figures();

-- then
ASSERT (SELECT STRING_AGG(page_name ORDER BY page_name) FROM page_figures) = 'both,counted,sent only' AS 'every page that has sent, once';
ASSERT (SELECT message_views FROM page_figures WHERE page_name = 'counted') = 200.5 AS 'mean views of a message, with and without a caption';
ASSERT (SELECT MIN(daily_target) FROM page_figures WHERE page_name != 'counted') > (SELECT daily_target FROM page_figures WHERE page_name = 'counted') AS 'large pages carry more than one that sends nothing';
ASSERT (
    SELECT LOGICAL_AND(
        ARRAY_LENGTH(holidays) = 1
        AND holidays[OFFSET(0)].factor = 0.6
        AND holidays[OFFSET(0)].holiday_date = DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 3 DAY)
    )
    FROM page_figures
) AS 'days to come that carry less, by their smallest factor';
ASSERT (
    SELECT COUNT(*)
    FROM page_figures AS stored
    INNER JOIN (
        SELECT * FROM live_page_figures('both', CURRENT_DATE('America/Los_Angeles'))
        UNION ALL
        SELECT * FROM live_page_figures('counted', CURRENT_DATE('America/Los_Angeles'))
        UNION ALL
        SELECT * FROM live_page_figures('sent only', CURRENT_DATE('America/Los_Angeles'))
    ) AS live
        ON
            stored.page_name = live.page_name
            AND stored.message_views = live.message_views
            AND stored.daily_target = live.daily_target
            AND (SELECT STRING_AGG(TO_JSON_STRING(one) ORDER BY one.class) FROM UNNEST(stored.classes) AS one)
            = (SELECT STRING_AGG(TO_JSON_STRING(one) ORDER BY one.class) FROM UNNEST(live.classes) AS one)
            AND (SELECT STRING_AGG(TO_JSON_STRING(one) ORDER BY one.weekday) FROM UNNEST(stored.weekdays) AS one)
            = (SELECT STRING_AGG(TO_JSON_STRING(one) ORDER BY one.weekday) FROM UNNEST(live.weekdays) AS one)
) = 3 AS 'what is computed live';
ASSERT (SELECT COUNT(*) FROM live_page_figures('nobody', CURRENT_DATE('America/Los_Angeles'))) = 1 AS 'a page that is new has figures, too';
