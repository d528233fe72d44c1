-- case: a class has one ratio over pages of all levels; a class that is gone leaves the table

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, price_tier, is_active, created_at)
SELECT
    FORMAT('%d-%s-%02d', page, tier, x),
    CAST(page AS STRING),
    'text',
    tier,
    TRUE,
    CURRENT_TIMESTAMP()
FROM UNNEST([1, 2]) AS page
CROSS JOIN UNNEST(['cheap', 'dear']) AS tier
CROSS JOIN UNNEST(GENERATE_ARRAY(1, 50)) AS x;
-- The second page sells ten times as well; on both, dear ones sell half as often at five times the price.
INSERT INTO caption_bandit_stats (page_name, caption_id, last_used, last_updated, successes, failures, total_emv)
SELECT
    page_name,
    caption_id,
    CURRENT_TIMESTAMP(),
    CURRENT_TIMESTAMP(),
    IF(page_name = '1', 1, 10) * IF(price_tier = 'dear', 20, 40),
    2000 - IF(page_name = '1', 1, 10) * IF(price_tier = 'dear', 20, 40),
    IF(page_name = '1', 1, 10) * IF(price_tier = 'dear', 100, 40)
FROM caption_bank;
INSERT INTO class_ratios (class, captions, rate_ratio, value_ratio, refreshed_at)
VALUES ('gone', 5, 9, 9, CURRENT_TIMESTAMP());

-- when
CALL refresh_class_ratios();
CALL refresh_class_ratios();

-- then
ASSERT (SELECT STRING_AGG(class ORDER BY class) FROM class_ratios) = 'cheap,dear' AS 'the classes there are';
ASSERT (SELECT COUNTIF(captions != 100) FROM class_ratios) = 0 AS 'captions of both pages';
ASSERT (SELECT rate_ratio FROM class_ratios WHERE class = 'dear') BETWEEN 0.65 AND 0.72 AS '20 of a mean of 30, and a little towards 1';
ASSERT (SELECT rate_ratio FROM class_ratios WHERE class = 'cheap') BETWEEN 1.27 AND 1.34 AS '40 of a mean of 30';
ASSERT (SELECT value_ratio FROM class_ratios WHERE class = 'dear') BETWEEN 1.36 AND 1.44 AS '100 of a mean of 70';
