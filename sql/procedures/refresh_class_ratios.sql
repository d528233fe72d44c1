CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.refresh_class_ratios()
OPTIONS (
    description = 'Computes class_ratios and weekday_ratios from what every caption has earned on its page. Part of update_caption_performance, once a day. Each run is one step from what the last one found: repeated, it settles.'
)
BEGIN
    DECLARE window_start DATE DEFAULT DATE_SUB(CURRENT_DATE('UTC'), INTERVAL {{ automation.feedback_window_days }} DAY);

    -- Every caption that was sent: what it sold, what its page sells, and what is believed of it
    -- so far. Its own rate is taken to be a Gamma variate around what its class sells.
    CREATE OR REPLACE TEMP TABLE class_arms AS
    WITH arms AS (
        SELECT
            learned.page_name,
            learned.caption_id,
            bank.class,
            learned.successes,
            learned.earnings,
            learned.successes + learned.failures AS views,
            COALESCE(learned.load_views, 0) AS load_views,
            COALESCE(learned.load_squares, 0) AS load_squares,
            COALESCE(learned.load_purchases, 0) AS load_purchases,
            COALESCE(ratios.rate_ratio, 1) AS rate_ratio,
            COALESCE(ratios.tiring, {{ selection.recovery }}) AS tiring,
            `{{ project }}`.`{{ dataset }}`.rested_views(
                learned.successes + learned.failures,
                learned.load_views,
                learned.load_squares,
                COALESCE(ratios.tiring, {{ selection.recovery }})
            ) AS rested
        FROM (
            SELECT
                page_name,
                caption_id,
                load_views,
                load_squares,
                load_purchases,
                CAST(`{{ project }}`.`{{ dataset }}`.non_negative(successes) AS FLOAT64) AS successes,
                CAST(`{{ project }}`.`{{ dataset }}`.non_negative(failures) AS FLOAT64) AS failures,
                GREATEST(CAST(COALESCE(total_emv, 0) AS FLOAT64), 0) AS earnings
            FROM `{{ project }}`.`{{ dataset }}`.caption_bandit_stats
        ) AS learned
        INNER JOIN (
            SELECT
                page_name,
                caption_id,
                MIN(`{{ project }}`.`{{ dataset }}`.price_class(price_tier)) AS class
            FROM `{{ project }}`.`{{ dataset }}`.caption_bank
            GROUP BY
                page_name,
                caption_id
        ) AS bank
            ON
                learned.page_name = bank.page_name
                AND learned.caption_id = bank.caption_id
        LEFT JOIN `{{ project }}`.`{{ dataset }}`.class_ratios AS ratios ON bank.class = ratios.class
        WHERE learned.successes + learned.failures > 0
    ),

    pages AS (
        SELECT
            means.page_name,
            means.rate,
            means.value,
            1 / (1 + {{ selection.message_spread }} * means.rate * COALESCE(sends.message_views, 0)) AS weight
        FROM (
            SELECT
                page_name,
                (SUM(successes / rested) + {{ selection.prior_rate }}) / (COUNT(*) + 1) AS rate,
                (SUM(earnings / rested) + {{ selection.prior_value }}) / (COUNT(*) + 1) AS value
            FROM arms
            GROUP BY page_name
        ) AS means
        LEFT JOIN (
            SELECT
                page_name,
                SAFE_DIVIDE(SUM(views), SUM(messages)) AS message_views
            FROM `{{ project }}`.`{{ dataset }}`.page_day_totals
            WHERE sent_day >= TIMESTAMP(window_start)
            GROUP BY page_name
        ) AS sends
            ON means.page_name = sends.page_name
    )

    SELECT
        arms.*,
        pages.rate,
        pages.value,
        pages.weight,
        {{ selection.prior_shape }} + arms.successes * pages.weight AS purchases,
        {{ selection.prior_shape }} / (pages.rate * arms.rate_ratio) AS prior_views
    FROM arms
    INNER JOIN pages ON arms.page_name = pages.page_name;

    MERGE INTO `{{ project }}`.`{{ dataset }}`.class_ratios AS ratios
    USING (
        -- Sold over expected, where a caption weighs the less the more of it is known: in the
        -- end each counts alike, since captions of a class differ. Mixed with captions that
        -- are worth just what their page is. Tiring takes a step of Newton's method to the
        -- most likely one: `once` and `twice` are how the views of rested fans bend with it.
        SELECT
            class,
            COUNT(*) AS captions,
            ({{ selection.class_captions }} + SUM(successes / ({{ selection.prior_shape }} + rate * rested)))
            / ({{ selection.class_captions }} + SUM(rate * rested / ({{ selection.prior_shape }} + rate * rested))) AS rate_ratio,
            ({{ selection.class_captions }} + SUM(earnings * rate / value / ({{ selection.prior_shape }} + rate * rested)))
            / ({{ selection.class_captions }} + SUM(rate * rested / ({{ selection.prior_shape }} + rate * rested))) AS value_ratio,
            LEAST(GREATEST(ANY_VALUE(tiring) + SUM(slope) / ({{ selection.recovery_weight }} + SUM(bend)), 0), 1) AS tiring
        FROM (
            SELECT
                *,
                weight * (believed * once - load_purchases)
                + {{ selection.recovery_weight }} * ({{ selection.recovery }} - tiring) / COUNT(*) OVER (PARTITION BY class) AS slope,
                weight * believed * (twice - once * once * weight / seen) AS bend
            FROM (
                SELECT
                    *,
                    purchases / seen AS believed,
                    once * (load + scatter) / (1 + tiring * scatter) AS twice
                FROM (
                    SELECT
                        *,
                        prior_views + rested * weight AS seen,
                        rested * load / (1 + tiring * scatter) AS once
                    FROM (
                        SELECT
                            *,
                            load_views / views AS load,
                            GREATEST(COALESCE(SAFE_DIVIDE(load_squares, load_views), 0) - load_views / views, 0.000001) AS scatter
                        FROM class_arms
                    )
                )
            )
        )
        GROUP BY class
    ) AS found
        ON ratios.class = found.class
    WHEN MATCHED THEN
        UPDATE SET
            captions = found.captions,
            rate_ratio = found.rate_ratio,
            value_ratio = found.value_ratio,
            refreshed_at = CURRENT_TIMESTAMP(),
            tiring = found.tiring
    WHEN NOT MATCHED THEN
        INSERT (class, captions, rate_ratio, value_ratio, refreshed_at, tiring)
        VALUES (found.class, found.captions, found.rate_ratio, found.value_ratio, CURRENT_TIMESTAMP(), found.tiring)
    -- A class that no caption has any more.
    WHEN NOT MATCHED BY SOURCE AND ratios.refreshed_at < CURRENT_TIMESTAMP() THEN
        DELETE;

    -- A caption that is always sent on the same weekday says nothing of it: what it sells there is
    -- taken for its own. Those that change their day do, and what was drawn at random.
    MERGE INTO `{{ project }}`.`{{ dataset }}`.weekday_ratios AS ratios
    USING (
        SELECT
            week.weekday,
            COALESCE(SUM(sold.messages), 0) AS messages,
            ({{ selection.weekday_purchases }} + COALESCE(SUM(sold.weight * sold.purchases), 0))
            / (
                {{ selection.weekday_purchases }}
                + COALESCE(SUM(sold.weight * sold.believed * sold.views * sold.rest / (sold.prior_views + sold.even * sold.rest * sold.weight)), 0)
            ) AS rate_ratio
        FROM (SELECT weekday FROM UNNEST(GENERATE_ARRAY(1, 7)) AS weekday) AS week
        LEFT JOIN (
            SELECT
                by_day.*,
                SUM(by_day.views * COALESCE(known.rate_ratio, 1)) OVER (PARTITION BY by_day.page_name, by_day.caption_id) AS even
            FROM (
                SELECT
                    arms.page_name,
                    arms.caption_id,
                    EXTRACT(DAYOFWEEK FROM counted.sent_at AT TIME ZONE '{{ time_zone }}') AS weekday,
                    ANY_VALUE(arms.weight) AS weight,
                    ANY_VALUE(arms.purchases) AS believed,
                    ANY_VALUE(arms.prior_views) AS prior_views,
                    ANY_VALUE(arms.rested / arms.views) AS rest,
                    COUNT(*) AS messages,
                    SUM(counted.views) AS views,
                    SUM(counted.purchases) AS purchases
                FROM (
                    SELECT
                        page_name,
                        caption_id,
                        sent_at,
                        views,
                        purchases
                    FROM `{{ project }}`.`{{ dataset }}`.message_feedback
                    WHERE DATE(sent_at) >= window_start
                ) AS counted
                INNER JOIN class_arms AS arms
                    ON
                        counted.page_name = arms.page_name
                        AND counted.caption_id = arms.caption_id
                GROUP BY
                    arms.page_name,
                    arms.caption_id,
                    weekday
            ) AS by_day
            LEFT JOIN `{{ project }}`.`{{ dataset }}`.weekday_ratios AS known ON by_day.weekday = known.weekday
        ) AS sold
            ON week.weekday = sold.weekday
        GROUP BY week.weekday
    ) AS found
        ON ratios.weekday = found.weekday
    WHEN MATCHED THEN
        UPDATE SET
            messages = found.messages,
            rate_ratio = found.rate_ratio,
            refreshed_at = CURRENT_TIMESTAMP()
    WHEN NOT MATCHED THEN
        INSERT (weekday, messages, rate_ratio, refreshed_at)
        VALUES (found.weekday, found.messages, found.rate_ratio, CURRENT_TIMESTAMP());
END;
