CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.refresh_class_ratios()
OPTIONS (
    description = 'Computes class_ratios from what every caption has earned on its page. Part of update_caption_performance; repeatable.'
)
BEGIN
    MERGE INTO `{{ project }}`.`{{ dataset }}`.class_ratios AS ratios
    USING (
        WITH arms AS (
            SELECT
                learned.page_name,
                bank.class,
                learned.successes,
                learned.successes + learned.failures AS views,
                learned.earnings
            FROM (
                SELECT
                    page_name,
                    caption_id,
                    `{{ project }}`.`{{ dataset }}`.non_negative(successes) AS successes,
                    `{{ project }}`.`{{ dataset }}`.non_negative(failures) AS failures,
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
            WHERE learned.successes + learned.failures > 0
        ),

        pages AS (
            SELECT
                page_name,
                (SUM(successes / views) + {{ selection.prior_rate }}) / (COUNT(*) + 1) AS rate,
                (SUM(earnings / views) + {{ selection.prior_value }}) / (COUNT(*) + 1) AS value
            FROM arms
            GROUP BY page_name
        )

        -- Sold over expected, where a caption weighs the less the more of it is known: in the
        -- end each counts alike, since captions of a class differ. Mixed with captions that
        -- are worth just what their page is.
        SELECT
            arms.class,
            COUNT(*) AS captions,
            ({{ selection.class_captions }} + SUM(arms.successes / ({{ selection.prior_shape }} + pages.rate * arms.views)))
            / ({{ selection.class_captions }} + SUM(pages.rate * arms.views / ({{ selection.prior_shape }} + pages.rate * arms.views))) AS rate_ratio,
            ({{ selection.class_captions }} + SUM(arms.earnings * pages.rate / pages.value / ({{ selection.prior_shape }} + pages.rate * arms.views)))
            / ({{ selection.class_captions }} + SUM(pages.rate * arms.views / ({{ selection.prior_shape }} + pages.rate * arms.views))) AS value_ratio
        FROM arms
        INNER JOIN pages ON arms.page_name = pages.page_name
        GROUP BY arms.class
    ) AS found
        ON ratios.class = found.class
    WHEN MATCHED THEN
        UPDATE SET
            captions = found.captions,
            rate_ratio = found.rate_ratio,
            value_ratio = found.value_ratio,
            refreshed_at = CURRENT_TIMESTAMP()
    WHEN NOT MATCHED THEN
        INSERT (class, captions, rate_ratio, value_ratio, refreshed_at)
        VALUES (found.class, found.captions, found.rate_ratio, found.value_ratio, CURRENT_TIMESTAMP())
    -- A class that no caption has any more.
    WHEN NOT MATCHED BY SOURCE AND ratios.refreshed_at < CURRENT_TIMESTAMP() THEN
        DELETE;
END;
