CREATE OR REPLACE TABLE FUNCTION `{{ project }}`.`{{ dataset }}`.analyze_creator_performance(for_page STRING, on_date DATE)  -- noqa: LT01
OPTIONS (
    description = 'Performance and saturation of a page on a business day, as analyze_creators says it of every page; no row unless the page is active. It reads the rows of this page only, so that what is wrong with another one does not matter.'
)
AS (
    WITH pages AS (
        SELECT
            page_name,
            messages,
            audience,
            account_size,
            daily_target
        FROM `{{ project }}`.`{{ dataset }}`.account_size(for_page, on_date)
    ),

    planned AS (
        SELECT
            page_name,
            COUNT(*) AS planned_messages
        FROM `{{ project }}`.`{{ dataset }}`.planned_captions(on_date)
        WHERE
            scheduled_send_date BETWEEN on_date AND DATE_ADD(on_date, INTERVAL {{ automation.planning_window_days - 1 }} DAY)
            AND page_name = for_page
        GROUP BY page_name
    ),

    volume AS (
        SELECT SUM(factor) AS full_days
        FROM `{{ project }}`.`{{ dataset }}`.daily_volume(
            on_date,
            DATE_ADD(on_date, INTERVAL {{ automation.planning_window_days - 1 }} DAY)
        )
    ),

    library AS (
        SELECT
            page_name,
            COUNTIF(is_active) AS active_captions
        FROM `{{ project }}`.`{{ dataset }}`.caption_bank
        WHERE page_name = for_page
        GROUP BY page_name
    ),

    learned AS (
        SELECT
            page_name,
            SUM(total_views) AS views,
            SUM(engagement_count) AS purchases,
            SUM(total_emv) AS earnings,
            COUNTIF(
                successes < 0
                OR failures < 0
                OR COALESCE(total_views, -1) < 0
                OR COALESCE(engagement_count, -1) < 0
                OR COALESCE(wilson_score_lower_bound, -1) NOT BETWEEN 0 AND 1
                OR COALESCE(wilson_score_upper_bound, -1) NOT BETWEEN 0 AND 1
            ) AS corrupt_rows
        FROM `{{ project }}`.`{{ dataset }}`.caption_bandit_stats
        WHERE page_name = for_page
        GROUP BY page_name
    ),

    figures AS (
        SELECT
            pages.page_name,
            pages.messages,
            pages.audience,
            pages.account_size,
            pages.daily_target,
            learned.earnings,
            COALESCE(library.active_captions, 0) AS active_captions,
            COALESCE(learned.views, 0) AS views,
            COALESCE(learned.purchases, 0) AS purchases,
            COALESCE(learned.corrupt_rows, 0) AS corrupt_rows,
            COALESCE(planned.planned_messages, 0) AS planned_messages,
            pages.daily_target * volume.full_days AS target_messages
        FROM pages
        CROSS JOIN volume
        LEFT JOIN planned ON pages.page_name = planned.page_name
        LEFT JOIN library ON pages.page_name = library.page_name
        LEFT JOIN learned ON pages.page_name = learned.page_name
    )

    SELECT
        page_name,
        on_date AS execution_date,
        messages,
        audience,
        account_size,
        daily_target,
        active_captions,
        views,
        purchases,
        SAFE_DIVIDE(purchases, views) AS purchase_rate,
        SAFE_DIVIDE(CAST(earnings AS FLOAT64), views) AS earnings_per_view,
        planned_messages,
        target_messages,
        -- Rounded, so that a page exactly at the limit is not queued for a float's last bit.
        ROUND(100 * SAFE_DIVIDE(planned_messages, target_messages), 6) AS saturation_pct,
        CASE
            WHEN TRIM(page_name) = '' THEN 'the page has no name'
            WHEN corrupt_rows > 0 THEN FORMAT('%d rows of caption_bandit_stats are corrupt', corrupt_rows)
            WHEN active_captions = 0 THEN 'caption_bank has no active caption of the page'
            WHEN COALESCE(target_messages, 0) <= 0 THEN 'the page has no target volume'
        END AS analysis_error
    FROM figures
);
