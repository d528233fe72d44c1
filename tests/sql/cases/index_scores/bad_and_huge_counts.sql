-- case: counts below zero, NULL and beyond all reason give a score, none is NaN or infinite

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
SELECT
    id,
    'p',
    NULL,
    TRUE,
    CURRENT_TIMESTAMP()
FROM UNNEST(['negative', 'huge', 'unpaid', 'all sold', 'new']) AS id;
INSERT INTO caption_bandit_stats (page_name, caption_id, last_used, last_updated, successes, failures, total_emv)
VALUES
    ('p', 'negative', NULL, CURRENT_TIMESTAMP(), -3, -9, -5),
    ('p', 'huge', TIMESTAMP '2200-01-01', CURRENT_TIMESTAMP(), 4000000000000000000, 4000000000000000000, 99999999999999999999999999999),
    ('p', 'unpaid', CURRENT_TIMESTAMP(), CURRENT_TIMESTAMP(), 50, 0, NULL),
    ('p', 'all sold', CURRENT_TIMESTAMP(), CURRENT_TIMESTAMP(), 1, 0, 0.01),
    ('gone', 'orphan', CURRENT_TIMESTAMP(), CURRENT_TIMESTAMP(), 1, 1, 1);

-- when
CALL refresh_class_ratios();

-- then
ASSERT (SELECT COUNT(*) FROM index_scores('p', CURRENT_DATE('America/Los_Angeles'))) = 5 AS 'all of them';
ASSERT (
    SELECT COUNTIF(score IS NULL OR IS_NAN(score) OR IS_INF(score) OR score <= 0)
    FROM index_scores('p', CURRENT_DATE('America/Los_Angeles'))
) = 0 AS 'each has a score';
ASSERT (SELECT COUNT(*) FROM index_scores('nobody', CURRENT_DATE('America/Los_Angeles'))) = 0 AS 'a page without captions has none';
