CREATE OR REPLACE TABLE FUNCTION `{{ project }}`.`{{ dataset }}`.scores_by_figures(  -- noqa: LT01
    for_page STRING,
    on_date DATE,
    given_figures ARRAY<STRUCT<
        message_views FLOAT64,
        daily_target INT64,
        classes ARRAY<STRUCT<class STRING, rate_ratio FLOAT64, value_ratio FLOAT64, tiring FLOAT64>>,
        weekdays ARRAY<STRUCT<weekday INT64, rate_ratio FLOAT64>>,
        holidays ARRAY<STRUCT<holiday_date DATE, factor FLOAT64>>
    >>,
    stored_since TIMESTAMP
)
OPTIONS (
    description = 'As index_scores, by one set of figures of the page that the caller hands over, or, when it hands over none, by those that page_figures has from after a time. No row where there are none.'
)
AS (
    WITH given AS (
        SELECT
            message_views,
            classes,
            weekdays
        FROM UNNEST(given_figures)
        UNION ALL
        (
            SELECT
                message_views,
                classes,
                weekdays
            FROM `{{ project }}`.`{{ dataset }}`.page_figures
            WHERE
                COALESCE(ARRAY_LENGTH(given_figures), 0) = 0
                AND page_name = for_page
                AND refreshed_at > stored_since
            ORDER BY refreshed_at DESC
            LIMIT 1
        )
    ),

    arms AS (
        SELECT
            bank.caption_id,
            bank.caption_text,
            bank.class,
            bank.is_active,
            learned.last_used,
            COALESCE(learned.successes, 0) AS successes,
            COALESCE(
                `{{ project }}`.`{{ dataset }}`.rested_views(
                    learned.successes + learned.failures,
                    learned.load_views,
                    learned.load_squares,
                    COALESCE(ratios.tiring, {{ selection.recovery }})
                ),
                0
            ) AS views,
            COALESCE(learned.earnings, 0) AS earnings,
            learned.recent_sends,
            COALESCE(ratios.rate_ratio, 1) AS rate_ratio,
            COALESCE(ratios.value_ratio, 1) AS value_ratio,
            COALESCE(ratios.tiring, {{ selection.recovery }}) AS tiring
        FROM (
            SELECT
                caption_id,
                MIN(IF(is_active, caption_text, NULL)) AS caption_text,
                MIN(`{{ project }}`.`{{ dataset }}`.price_class(price_tier)) AS class,
                LOGICAL_OR(is_active) AS is_active
            FROM `{{ project }}`.`{{ dataset }}`.caption_bank
            WHERE page_name = for_page
            GROUP BY caption_id
        ) AS bank
        LEFT JOIN (
            SELECT
                caption_id,
                last_used,
                COALESCE(recent_sends, 1) AS recent_sends,
                load_views,
                load_squares,
                -- Two corrupt counts may be beyond an INT64 together.
                CAST(`{{ project }}`.`{{ dataset }}`.non_negative(successes) AS FLOAT64) AS successes,
                CAST(`{{ project }}`.`{{ dataset }}`.non_negative(failures) AS FLOAT64) AS failures,
                GREATEST(CAST(COALESCE(total_emv, 0) AS FLOAT64), 0) AS earnings
            FROM `{{ project }}`.`{{ dataset }}`.caption_bandit_stats
            WHERE page_name = for_page
            -- No key keeps a caption from having two rows; the one last used says when it may go out.
            QUALIFY ROW_NUMBER() OVER (PARTITION BY caption_id ORDER BY last_used DESC, total_emv DESC) = 1
        ) AS learned
            ON bank.caption_id = learned.caption_id
        LEFT JOIN (
            SELECT
                each_class.class,
                each_class.rate_ratio,
                each_class.value_ratio,
                each_class.tiring
            FROM given
            CROSS JOIN UNNEST(given.classes) AS each_class
        ) AS ratios
            ON bank.class = ratios.class
    ),

    -- The page as it looks without any prior. Each caption tried counts alike: views go to what
    -- sells, so a mean over views would promise the best captions' rate of every other.
    page AS (
        SELECT
            means.rate,
            means.value / means.rate AS price,
            sends.message_views,
            1 / (1 + {{ selection.message_spread }} * means.rate * sends.message_views) AS weight
        FROM (
            SELECT
                (COALESCE(SUM(successes / views), 0) + {{ selection.prior_rate }}) / (COALESCE(SUM(rate_ratio), 0) + 1) AS rate,
                (COALESCE(SUM(earnings / views), 0) + {{ selection.prior_value }}) / (COALESCE(SUM(value_ratio), 0) + 1) AS value
            FROM arms
            WHERE views > 0
        ) AS means
        CROSS JOIN (SELECT message_views FROM given) AS sends
    ),

    -- Each caption, drawn towards what its class is worth on the mean page.
    shrunk AS (
        SELECT
            arms.*,
            page.message_views,
            {{ selection.prior_shape }} + arms.successes * page.weight AS purchases,
            ({{ selection.prior_shape }} + arms.successes * page.weight)
            / ({{ selection.prior_shape }} / (page.rate * arms.rate_ratio) + arms.views * page.weight) AS rate,
            (arms.earnings + {{ selection.price_purchases }} * page.price * arms.value_ratio / arms.rate_ratio)
            / (arms.successes + {{ selection.price_purchases }}) AS price
        FROM arms
        CROSS JOIN page
    ),

    -- What each class is worth on this page: the mean of its captions, mixed with the page's.
    sums AS (
        SELECT
            class,
            ANY_VALUE(rate_ratio) AS rate_ratio,
            ANY_VALUE(value_ratio) AS value_ratio,
            ANY_VALUE(message_views) AS message_views,
            COUNTIF(views > 0) AS tried,
            SUM(IF(views > 0, rate, 0)) AS rates,
            SUM(IF(views > 0, rate * price, 0)) AS worth,
            SUM(IF(views > 0, POW(rate * price, 2) * (1 + 1 / purchases), 0)) AS squares
        FROM shrunk
        GROUP BY class
    ),

    classes AS (
        SELECT
            class,
            message_views,
            page_rate,
            tried,
            squares,
            (rates + {{ selection.class_captions }} * page_rate * rate_ratio) / (tried + {{ selection.class_captions }}) AS rate,
            (worth + {{ selection.class_captions }} * page_value * value_ratio) / (tried + {{ selection.class_captions }}) AS value
        FROM (
            SELECT
                *,
                (SUM(rates) OVER () + {{ selection.prior_rate }}) / (SUM(tried * rate_ratio) OVER () + 1) AS page_rate,
                (SUM(worth) OVER () + {{ selection.prior_value }}) / (SUM(tried * value_ratio) OVER () + 1) AS page_value
            FROM sums
        )
    ),

    -- How much captions of a class differ, by the method of moments: 1 / shape is the relative
    -- variance of their worth. The bounds keep a page of equals and a page of few in reason.
    priors AS (
        SELECT
            class,
            rate,
            value / rate AS price,
            GREATEST(message_views, 1) AS message_views,
            1 / (1 + {{ selection.message_spread }} * page_rate * message_views) AS weight,
            LEAST(
                GREATEST(
                    1 / GREATEST(
                        (SUM(squares / POW(value, 2)) OVER () + {{ selection.shape_captions }} * (1 + 1 / {{ selection.prior_shape }}))
                        / (SUM(tried) OVER () + {{ selection.shape_captions }})
                        - 1,
                        0.02
                    ),
                    0.25
                ),
                50
            ) AS shape
        FROM classes
    ),

    known AS (
        SELECT
            arms.caption_id,
            arms.caption_text,
            arms.class,
            arms.is_active,
            arms.last_used,
            arms.recent_sends,
            arms.tiring,
            priors.shape + arms.successes * priors.weight AS purchases,
            priors.shape / priors.rate + arms.views * priors.weight AS seen,
            priors.message_views * priors.weight AS news,
            (arms.earnings + {{ selection.price_purchases }} * priors.price)
            / (arms.successes + {{ selection.price_purchases }}) AS earnings_per_purchase
        FROM arms
        INNER JOIN priors ON arms.class = priors.class
    ),

    -- How many captions wait: on a weekday that sells less than others, for a better one.
    week AS (
        SELECT
            COALESCE(
                LEAST(
                    GREATEST(
                        {{ selection.weekday_patience }}
                        * (1 - SUM(IF(weekday = EXTRACT(DAYOFWEEK FROM on_date), rate_ratio, NULL)) / AVG(rate_ratio)),
                        0
                    ),
                    0.8
                ),
                0
            ) AS waiting
        FROM given
        CROSS JOIN UNNEST(given.weekdays)
    )

    -- The factor is a fit of the Gittins index of a value with a lognormal posterior that is
    -- used once in a cooldown. Fans tire of a text, and rest.
    SELECT
        caption_id,
        caption_text,
        class,
        is_active,
        last_used,
        purchases / seen AS rate,
        earnings_per_purchase,
        spread,
        purchases / seen * earnings_per_purchase
        * EXP(
            (0.22 + 0.32 * LN(GREATEST({{ selection.horizon_days }} / {{ [selection.cooldown_days, 1] | max }}, 1))) * spread
            - 0.065 * POW(spread, 2)
        )
        * IF(
            last_used IS NULL,
            1,
            EXP(
                -tiring * recent_sends
                * POW(0.5, GREATEST(DATE_DIFF(on_date, DATE(last_used, '{{ time_zone }}'), DAY), 0) / {{ selection.recovery_days }})
            )
        ) AS score,
        `{{ project }}`.`{{ dataset }}`.hash_uniform(
            TO_HEX(SHA256(CONCAT('wait/', CAST(on_date AS STRING), '/', for_page, '/', caption_id))),
            0
        ) < waiting AS waits
    FROM (
        SELECT
            *,
            SQRT(LN(1 + news / (seen + news) / purchases)) AS spread
        FROM known
        CROSS JOIN week
    )
);
