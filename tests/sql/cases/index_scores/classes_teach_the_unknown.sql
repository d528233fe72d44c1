-- case: a caption never sent is worth what its class is worth on the page; inactive ones teach, too

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, price_tier, is_active, created_at)
SELECT
    FORMAT('%s-%02d', tier, x),
    'p',
    'text',
    tier,
    FALSE,
    CURRENT_TIMESTAMP()
FROM UNNEST(GENERATE_ARRAY(1, 30)) AS x
CROSS JOIN UNNEST(['cheap', 'dear']) AS tier;
INSERT INTO caption_bank (caption_id, page_name, caption_text, price_tier, is_active, created_at)
VALUES
    ('new cheap', 'p', 'text', 'cheap', TRUE, CURRENT_TIMESTAMP()),
    ('new dear', 'p', 'text', 'Dear ', TRUE, CURRENT_TIMESTAMP()),
    ('new other', 'p', 'text', 'gold', TRUE, CURRENT_TIMESTAMP()),
    ('new without', 'p', 'text', NULL, TRUE, CURRENT_TIMESTAMP()),
    ('elsewhere', 'q', 'text', 'dear', TRUE, CURRENT_TIMESTAMP());
INSERT INTO caption_bandit_stats (page_name, caption_id, last_used, last_updated, successes, failures, total_emv)
SELECT
    page_name,
    caption_id,
    CURRENT_TIMESTAMP(),
    CURRENT_TIMESTAMP(),
    10,
    990,
    IF(price_tier = 'dear', 400, 50)
FROM caption_bank
WHERE NOT is_active;

-- when
SELECT * FROM index_scores('p', CURRENT_DATE('America/Los_Angeles'));

-- then
ASSERT (SELECT COUNT(*) FROM index_scores('p', CURRENT_DATE('America/Los_Angeles'))) = 64 AS 'every caption of the page';
ASSERT (
    SELECT STRING_AGG(caption_id, ', ' ORDER BY score DESC)
    FROM index_scores('p', CURRENT_DATE('America/Los_Angeles'))
    WHERE is_active AND caption_id IN ('new cheap', 'new dear', 'new other')
) = 'new dear, new other, new cheap' AS 'a class that nobody tried lies between';
ASSERT (
    SELECT MAX(score) - MIN(score)
    FROM index_scores('p', CURRENT_DATE('America/Los_Angeles'))
    WHERE caption_id IN ('new other', 'new without')
) < 1e-12 AS 'classes without a history are alike';
ASSERT (
    SELECT COUNTIF(NOT (score > 0 AND rate > 0 AND rate < 1 AND earnings_per_purchase > 0 AND spread > 0))
    FROM index_scores('p', CURRENT_DATE('America/Los_Angeles'))
) = 0 AS 'every figure is one';
