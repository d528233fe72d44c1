-- case: the random share is drawn among all free captions alike, the rest is the best of the others
-- settings: {"selection": {"random_share": 0.3}, "automation": {"small_daily_target": 400}}

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
SELECT
    FORMAT('c%04d', x),
    'p',
    CONCAT('text ', CAST(x AS STRING)),
    TRUE,
    CURRENT_TIMESTAMP()
FROM UNNEST(GENERATE_ARRAY(1, 1000)) AS x;
INSERT INTO caption_bandit_stats (page_name, caption_id, last_used, last_updated, successes, failures, total_emv)
SELECT
    'p',
    FORMAT('c%04d', x),
    TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 800 HOUR),
    CURRENT_TIMESTAMP(),
    x,
    100000,
    10 * x
FROM UNNEST(GENERATE_ARRAY(1, 1000)) AS x;

-- when
CALL select_captions_for_creator('p', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), 400, 11);

-- then
ASSERT (SELECT COUNT(*) FROM caption_choices) = 400 AS 'every choice is recorded';
ASSERT (SELECT COUNT(DISTINCT caption_id) FROM active_caption_assignments) = 400 AS 'no caption twice';
-- 120 of 400 within four standard deviations.
ASSERT (SELECT COUNTIF(is_random) FROM caption_choices) BETWEEN 84 AND 156 AS 'three in ten are random';
-- The mean of 1 to 1000 within four standard errors.
ASSERT (SELECT AVG(CAST(SUBSTR(caption_id, 2) AS INT64)) FROM caption_choices WHERE is_random) BETWEEN 390 AND 610 AS 'good and bad alike';
ASSERT NOT EXISTS (
    SELECT 1
    FROM caption_choices AS ranked
    CROSS JOIN (
        SELECT FORMAT('c%04d', x) AS caption_id
        FROM UNNEST(GENERATE_ARRAY(1, 1000)) AS x
    ) AS every
    LEFT JOIN caption_choices AS chosen ON every.caption_id = chosen.caption_id
    WHERE
        NOT ranked.is_random
        AND chosen.caption_id IS NULL
        AND every.caption_id > ranked.caption_id
) AS 'nothing better was left for a ranked one';
ASSERT (SELECT COUNTIF(free_captions != 1000 OR policy != 'index' OR is_untried) FROM caption_choices) = 0 AS 'with what it was chosen from';
ASSERT (SELECT COUNTIF(best_value < expected_value AND NOT is_random) FROM caption_choices) = 0 AS 'nothing expected is above the best';
