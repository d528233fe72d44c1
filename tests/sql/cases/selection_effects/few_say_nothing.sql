-- case: fewer than 30 random messages are no comparison

-- given
INSERT INTO caption_choices (assignment_id, page_name, caption_id, scheduled_send_date, chosen_at, policy, is_random, is_untried, free_captions, score, expected_value, best_value)
SELECT
    CAST(x AS STRING),
    'p',
    CAST(x AS STRING),
    CURRENT_DATE('America/Los_Angeles'),
    CURRENT_TIMESTAMP(),
    'index',
    x <= 29,
    FALSE,
    500,
    0.2,
    0.1,
    0.11
FROM UNNEST(GENERATE_ARRAY(1, 200)) AS x;
INSERT INTO message_feedback (message_id, page_name, caption_id, sent_at, views, purchases, earnings, updated_at, counted_at)
SELECT
    assignment_id,
    page_name,
    caption_id,
    CURRENT_TIMESTAMP(),
    10,
    1,
    5,
    CURRENT_TIMESTAMP(),
    CURRENT_TIMESTAMP()
FROM caption_choices;

-- when
SELECT * FROM selection_effects;

-- then
ASSERT (SELECT COUNTIF(gain_pct IS NULL AND gain_low_pct IS NULL AND random_messages = 29) FROM selection_effects) = 2 AS 'counted, not compared';
