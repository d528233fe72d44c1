-- case: what tired fans did not buy is not held against a caption that has rested, and is while it has not

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, price_tier, is_active, created_at)
SELECT
    id,
    'p',
    'text',
    'tiring',
    TRUE,
    CURRENT_TIMESTAMP()
FROM UNNEST(['once', 'often']) AS id;
-- Both sold 40 of 2,000 views, one of them to fans who had seen it three times.
INSERT INTO caption_bandit_stats (page_name, caption_id, last_used, last_updated, successes, failures, total_emv, recent_sends, load_views, load_squares, load_purchases)
VALUES
    ('p', 'once', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 10 DAY), CURRENT_TIMESTAMP(), 40, 1960, 400, 1, 0, 0, 0),
    ('p', 'often', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 10 DAY), CURRENT_TIMESTAMP(), 40, 1960, 400, 4, 6000, 20000, 110);
INSERT INTO class_ratios (class, captions, rate_ratio, value_ratio, refreshed_at, tiring)
VALUES ('tiring', 100, 1, 1, CURRENT_TIMESTAMP(), 0.3);

-- when
SELECT * FROM index_scores('p', CURRENT_DATE('America/Los_Angeles'));

-- then
ASSERT (
    SELECT STRING_AGG(caption_id ORDER BY rate DESC)
    FROM index_scores('p', CURRENT_DATE('America/Los_Angeles'))
) = 'often,once' AS 'rested fans would have bought more of it';
ASSERT (
    SELECT STRING_AGG(caption_id ORDER BY score DESC)
    FROM index_scores('p', CURRENT_DATE('America/Los_Angeles'))
) = 'often,once' AS 'by twice as much as ten days leave of its load';
ASSERT (
    SELECT MAX(IF(caption_id = 'often', score, NULL)) / MAX(IF(caption_id = 'once', score, NULL))
    FROM index_scores('p', CURRENT_DATE('America/Los_Angeles'))
) < (
    SELECT MAX(IF(caption_id = 'often', score, NULL)) / MAX(IF(caption_id = 'once', score, NULL))
    FROM index_scores('p', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 90 DAY))
) AS 'and rest makes more of it';
