-- case: what a weekday sells less is found from captions that were sent on several

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
SELECT
    FORMAT('c%02d', x),
    'p',
    'text',
    TRUE,
    CURRENT_TIMESTAMP()
FROM UNNEST(GENERATE_ARRAY(1, 30)) AS x;
-- Every caption on ten days, 8 days apart; on Mondays, fans buy half. Some captions sell twice as well.
INSERT INTO message_feedback (message_id, page_name, caption_id, sent_at, views, purchases, earnings, updated_at, counted_at)
SELECT
    FORMAT('%s-%d', caption_id, number),
    page_name,
    caption_id,
    sent_at,
    1000,
    CAST(30 * IF(EXTRACT(DAYOFWEEK FROM sent_at AT TIME ZONE 'America/Los_Angeles') = 2, 0.5, 1) * IF(caption_id < 'c10', 2, 1) AS INT64),
    100,
    CURRENT_TIMESTAMP(),
    CURRENT_TIMESTAMP()
FROM (
    SELECT
        caption_id,
        page_name,
        number,
        TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL CAST(SUBSTR(caption_id, 2) AS INT64) + 8 * number DAY) AS sent_at
    FROM caption_bank
    CROSS JOIN UNNEST(GENERATE_ARRAY(1, 10)) AS number
);
INSERT INTO caption_bandit_stats (page_name, caption_id, last_used, last_updated, successes, failures, total_emv)
SELECT
    page_name,
    caption_id,
    MAX(sent_at),
    CURRENT_TIMESTAMP(),
    CAST(SUM(purchases) AS INT64),
    CAST(SUM(views - purchases) AS INT64),
    SUM(earnings)
FROM message_feedback
GROUP BY
    page_name,
    caption_id;

-- when
CALL refresh_class_ratios();
CALL refresh_class_ratios();
CALL refresh_class_ratios();

-- then
ASSERT (SELECT COUNT(*) FROM weekday_ratios) = 7 AS 'every weekday';
ASSERT (SELECT CAST(SUM(messages) AS INT64) FROM weekday_ratios) = 300 AS 'every message';
ASSERT (SELECT MIN(IF(weekday = 2, rate_ratio, NULL)) / AVG(IF(weekday = 2, NULL, rate_ratio)) FROM weekday_ratios) BETWEEN 0.5 AND 0.72 AS 'Mondays sell half, mixed with an even week';
ASSERT (SELECT MAX(rate_ratio) - MIN(rate_ratio) FROM weekday_ratios WHERE weekday != 2) < 0.03 AS 'the others are even';
