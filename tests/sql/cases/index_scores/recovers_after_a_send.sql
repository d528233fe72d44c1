-- case: of two equals the one that rested longer is ahead, by a part that shrinks

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
SELECT
    id,
    'p',
    'text',
    TRUE,
    CURRENT_TIMESTAMP()
FROM UNNEST(['lately', 'long ago']) AS id;
INSERT INTO caption_bandit_stats (page_name, caption_id, last_used, last_updated, successes, failures, total_emv)
VALUES
    ('p', 'lately', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 10 DAY), CURRENT_TIMESTAMP(), 20, 1000, 200),
    ('p', 'long ago', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 300 DAY), CURRENT_TIMESTAMP(), 20, 1000, 200);

-- when
SELECT * FROM index_scores('p', CURRENT_DATE('America/Los_Angeles'));

-- then
ASSERT (
    SELECT MIN(score) / MAX(score)
    FROM index_scores('p', CURRENT_DATE('America/Los_Angeles'))
) BETWEEN 0.87 AND 0.90 AS '15% at the send, half of it back in 30 days';
ASSERT (
    SELECT MIN(score) / MAX(score)
    FROM index_scores('p', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 300 DAY))
) > 0.999 AS 'all of it in the end';
