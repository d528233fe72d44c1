CREATE OR REPLACE TABLE FUNCTION `{{ project }}`.`{{ dataset }}`.live_page_figures(for_page STRING, on_date DATE)  -- noqa: LT01
OPTIONS (
    description = 'What page_figures holds of a page, computed now: always one row, a page that has never sent has the figures of a small page.'
)
AS (
    SELECT
        for_page AS page_name,
        COALESCE(sends.message_views, 0) AS message_views,
        COALESCE(sizes.daily_target, {{ automation.small_daily_target }}) AS daily_target,
        ARRAY(
            SELECT AS STRUCT
                class,
                rate_ratio,
                value_ratio,
                tiring
            FROM `{{ project }}`.`{{ dataset }}`.class_ratios
        ) AS classes,
        ARRAY(
            SELECT AS STRUCT
                weekday,
                rate_ratio
            FROM `{{ project }}`.`{{ dataset }}`.weekday_ratios
        ) AS weekdays,
        ARRAY(
            SELECT AS STRUCT
                volume_date AS holiday_date,
                factor
            FROM `{{ project }}`.`{{ dataset }}`.daily_volume(on_date, DATE_ADD(on_date, INTERVAL 366 DAY))
            WHERE factor != 1
        ) AS holidays
    FROM (
        SELECT SAFE_DIVIDE(SUM(views), SUM(messages)) AS message_views
        FROM `{{ project }}`.`{{ dataset }}`.page_day_totals
        WHERE
            page_name = for_page
            AND sent_day >= TIMESTAMP(DATE_SUB(on_date, INTERVAL {{ automation.feedback_window_days }} DAY))
    ) AS sends
    LEFT JOIN `{{ project }}`.`{{ dataset }}`.account_size(for_page, on_date) AS sizes
        ON TRUE
);
