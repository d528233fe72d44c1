CREATE OR REPLACE VIEW `{{ project }}`.`{{ dataset }}`.selection_effects
OPTIONS (
    description = 'What ranking captions earns, by size of page and over all: messages of the last {{ automation.selection_effect_days }} days whose captions were ranked, against those drawn at random, with a 95% interval. NULL until 30 random messages are counted.'
)
AS
WITH sent AS (
    SELECT
        feedback.page_name,
        choices.is_random,
        choices.is_untried,
        CAST(feedback.earnings AS FLOAT64) AS earnings,
        (choices.best_value - choices.expected_value) * feedback.views AS given_up,
        LOWER(COALESCE(sizes.account_size, 'SMALL')) AS page_size
    FROM `{{ project }}`.`{{ dataset }}`.caption_choices AS choices
    INNER JOIN `{{ project }}`.`{{ dataset }}`.message_feedback AS feedback
        ON
            choices.page_name = feedback.page_name
            AND choices.caption_id = feedback.caption_id
            AND choices.scheduled_send_date = DATE(feedback.sent_at, '{{ time_zone }}')
    LEFT JOIN `{{ project }}`.`{{ dataset }}`.account_sizes(CURRENT_DATE('{{ time_zone }}')) AS sizes
        ON choices.page_name = sizes.page_name
    WHERE
        choices.scheduled_send_date >= DATE_SUB(CURRENT_DATE('{{ time_zone }}'), INTERVAL {{ automation.selection_effect_days }} DAY)
        AND choices.policy = '{{ selection.policy }}'
        AND DATE(feedback.sent_at) >= DATE_SUB(CURRENT_DATE('{{ time_zone }}'), INTERVAL {{ automation.selection_effect_days }} DAY)
    -- A caption that was given back and chosen again for the day was sent for the last choice.
    QUALIFY ROW_NUMBER() OVER (PARTITION BY feedback.message_id ORDER BY choices.chosen_at DESC) = 1
),

-- In times the mean message of its page, so that a page with many fans does not drown the others.
shares AS (
    SELECT
        sent.*,
        SAFE_DIVIDE(sent.earnings, AVG(sent.earnings) OVER (PARTITION BY sent.page_name)) AS share
    FROM sent
),

moments AS (
    SELECT
        size AS page_size,
        COUNTIF(NOT is_random) AS ranked_messages,
        COUNTIF(is_random) AS random_messages,
        AVG(IF(is_random, NULL, earnings)) AS ranked_earnings,
        AVG(IF(is_random, earnings, NULL)) AS random_earnings,
        AVG(IF(is_random, NULL, share)) AS ranked_share,
        AVG(IF(is_random, share, NULL)) AS random_share,
        VAR_SAMP(IF(is_random, NULL, share)) AS ranked_variance,
        VAR_SAMP(IF(is_random, share, NULL)) AS random_variance,
        100 * AVG(IF(is_random, NULL, IF(is_untried, 1, 0))) AS untried_pct,
        AVG(IF(is_random, NULL, given_up)) AS given_up
    FROM shares
    CROSS JOIN UNNEST([page_size, 'all']) AS size
    GROUP BY size
),

-- The logarithm of a ratio of two means is close to normal; its variance is the sum of the
-- relative variances of the two (delta method).
ratios AS (
    SELECT
        *,
        random_messages >= 30 AND ranked_messages >= 30 AND ranked_share > 0 AND random_share > 0 AS is_known,
        SAFE_DIVIDE(ranked_share, random_share) AS ratio,
        SQRT(
            SAFE_DIVIDE(ranked_variance, ranked_messages * POW(ranked_share, 2))
            + SAFE_DIVIDE(random_variance, random_messages * POW(random_share, 2))
        ) AS log_error
    FROM moments
)

SELECT
    page_size,
    '{{ selection.policy }}' AS policy,
    ranked_messages,
    random_messages,
    ranked_earnings AS earnings_per_message_usd,
    random_earnings AS random_earnings_per_message_usd,
    IF(is_known, 100 * (ratio - 1), NULL) AS gain_pct,
    IF(is_known, 100 * (ratio * EXP(-1.96 * log_error) - 1), NULL) AS gain_low_pct,
    IF(is_known, 100 * (ratio * EXP(1.96 * log_error) - 1), NULL) AS gain_high_pct,
    untried_pct,
    given_up AS exploration_per_message_usd
FROM ratios;
