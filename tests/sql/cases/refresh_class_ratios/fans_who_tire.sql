-- case: what the second send of a caption sells less is found, by class, over pages of all levels

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
CROSS JOIN UNNEST(['tiring', 'lasting']) AS tier
CROSS JOIN UNNEST(GENERATE_ARRAY(1, 50)) AS x;
-- Two sends of 1,000 views, the second under a load of one; tired fans buy 37 of 50: EXP(-0.3).
INSERT INTO caption_bandit_stats (page_name, caption_id, last_used, last_updated, successes, failures, total_emv, recent_sends, load_views, load_squares, load_purchases)
SELECT
    page_name,
    caption_id,
    CURRENT_TIMESTAMP(),
    CURRENT_TIMESTAMP(),
    CAST(page_name AS INT64) * IF(price_tier = 'tiring', 87, 100),
    2000 - CAST(page_name AS INT64) * IF(price_tier = 'tiring', 87, 100),
    500,
    2,
    1000,
    1000,
    CAST(page_name AS INT64) * IF(price_tier = 'tiring', 37, 50)
FROM caption_bank;

-- when
CALL refresh_class_ratios();
CALL refresh_class_ratios();
CALL refresh_class_ratios();
CALL refresh_class_ratios();

-- then
ASSERT (SELECT tiring FROM class_ratios WHERE class = 'tiring') BETWEEN 0.25 AND 0.4 AS '0.3, and what the two loads differ from a Gamma variate';
ASSERT (SELECT tiring FROM class_ratios WHERE class = 'lasting') BETWEEN 0 AND 0.03 AS 'a class that sells as before does not tire';
