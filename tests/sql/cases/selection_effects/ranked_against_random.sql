-- case: ranked messages against random ones by size of page, with an interval; few give none

-- given
INSERT INTO caption_choices (assignment_id, page_name, caption_id, scheduled_send_date, chosen_at, policy, is_random, is_untried, free_captions, score, expected_value, best_value)
SELECT
    FORMAT('%s-%d', page, x),
    page,
    CAST(x AS STRING),
    DATE_SUB(CURRENT_DATE('America/Los_Angeles'), INTERVAL 3 DAY),
    TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 4 DAY),
    'index',
    x <= 40,
    MOD(x, 4) = 0,
    500,
    0.2,
    0.1,
    0.11
FROM UNNEST(['small', 'rich']) AS page
CROSS JOIN UNNEST(GENERATE_ARRAY(1, 200)) AS x
UNION ALL
SELECT
    FORMAT('few-%d', x),
    'few',
    CAST(x AS STRING),
    DATE_SUB(CURRENT_DATE('America/Los_Angeles'), INTERVAL 3 DAY),
    TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 4 DAY),
    'beta',
    x <= 40,
    FALSE,
    500,
    0.2,
    0.1,
    0.11
FROM UNNEST(GENERATE_ARRAY(1, 200)) AS x;
-- A random message earns 10 or 30, a ranked one 20 or 40; on the rich page a hundred times that.
INSERT INTO message_feedback (message_id, page_name, caption_id, sent_at, views, purchases, earnings, updated_at, counted_at)
SELECT
    assignment_id,
    page_name,
    caption_id,
    TIMESTAMP(DATETIME_ADD(DATETIME(scheduled_send_date), INTERVAL 23 HOUR), 'America/Los_Angeles'),
    1000,
    1,
    IF(page_name = 'rich', 100, 1) * (IF(is_random, 10, 20) + 20 * MOD(CAST(caption_id AS INT64), 2)),
    CURRENT_TIMESTAMP(),
    CURRENT_TIMESTAMP()
FROM caption_choices;
INSERT INTO mass_messages (message_id, page_name, sent_at, sent_count, updated_at)
SELECT
    message_id,
    page_name,
    sent_at,
    IF(page_name = 'rich', 50000, 100),
    updated_at
FROM message_feedback;

-- when
SELECT * FROM selection_effects;

-- then
ASSERT (SELECT STRING_AGG(page_size ORDER BY page_size) FROM selection_effects) = 'all,large,small' AS 'sizes that there are';
ASSERT (SELECT COUNTIF(ABS(gain_pct - 50) > 1e-9) FROM selection_effects) = 0 AS '30 against 20, the rich page as the small one';
ASSERT (SELECT random_messages FROM selection_effects WHERE page_size = 'all') = 80 AS 'other policies do not count';
ASSERT (SELECT COUNTIF(NOT (gain_low_pct < 50 AND gain_high_pct > 50)) FROM selection_effects) = 0 AS 'an interval around it';
-- Relative variances 100 / 30^2 and 100 / 20^2: 1.96 sqrt((0.1111 / 160 + 0.25 / 40) n / (n - 1)).
ASSERT (SELECT ABS(LN(1 + gain_high_pct / 100) - LN(1.5) - 0.1647) < 0.003 FROM selection_effects WHERE page_size = 'small') AS 'of the delta method';
ASSERT (
    SELECT gain_high_pct - gain_low_pct
    FROM selection_effects
    WHERE page_size = 'all'
) < (SELECT gain_high_pct - gain_low_pct FROM selection_effects WHERE page_size = 'small') AS 'narrower with more';
ASSERT (SELECT COUNTIF(ABS(untried_pct - 25) > 1e-9) FROM selection_effects) = 0 AS 'one in four was new';
ASSERT (SELECT COUNTIF(ABS(exploration_per_message_usd - 10) > 1e-9) FROM selection_effects) = 0 AS 'a cent a view';
