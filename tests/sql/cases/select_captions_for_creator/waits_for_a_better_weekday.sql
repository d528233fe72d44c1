-- case: on a weekday that sells less some captions wait, the others fill the day

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
SELECT
    FORMAT('p%03d', x),
    'p',
    CONCAT('text ', CAST(x AS STRING)),
    TRUE,
    CURRENT_TIMESTAMP()
FROM UNNEST(GENERATE_ARRAY(1, 100)) AS x;
-- The first sell best.
INSERT INTO caption_bandit_stats (page_name, caption_id, last_used, last_updated, successes, failures, total_emv)
SELECT
    page_name,
    caption_id,
    TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 60 DAY),
    CURRENT_TIMESTAMP(),
    2000 - 10 * CAST(SUBSTR(caption_id, 2) AS INT64),
    100000,
    10000
FROM caption_bank;
INSERT INTO weekday_ratios (weekday, messages, rate_ratio, refreshed_at)
SELECT
    weekday,
    100,
    IF(weekday = EXTRACT(DAYOFWEEK FROM DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY)), 0.75, 1.0),
    CURRENT_TIMESTAMP()
FROM UNNEST(GENERATE_ARRAY(1, 7)) AS weekday;

-- when
CALL select_captions_for_creator('p', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), 5, 5);

-- then
ASSERT (
    SELECT COUNTIF(waits)
    FROM index_scores('p', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY))
) BETWEEN 25 AND 70 AS 'twice what it sells less: about half';
ASSERT (
    SELECT COUNTIF(waits)
    FROM index_scores('p', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 2 DAY))
) = 0 AS 'none on a day that sells well';
ASSERT (SELECT COUNT(*) FROM active_caption_assignments) = 5 AS 'the day is full';
ASSERT (
    SELECT COUNTIF(ranked.waits)
    FROM active_caption_assignments AS held
    INNER JOIN caption_choices AS chosen ON held.assignment_id = chosen.assignment_id AND NOT chosen.is_random
    INNER JOIN index_scores('p', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY)) AS ranked
        ON held.caption_id = ranked.caption_id
) = 0 AS 'who waits is not sent while others are there';
