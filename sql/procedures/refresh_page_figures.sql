CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.refresh_page_figures()
OPTIONS (
    description = 'Brings page_figures up to date for every page that has sent: what live_page_figures gives for one. Part of update_caption_performance, once a day, and of refresh_holiday_calendar. Repeatable.'
)
BEGIN
    DECLARE today DATE DEFAULT CURRENT_DATE('{{ time_zone }}');

    MERGE INTO `{{ project }}`.`{{ dataset }}`.page_figures AS figures
    USING (
        SELECT
            pages.page_name,
            COALESCE(pages.message_views, 0) AS message_views,
            COALESCE(pages.daily_target, {{ automation.small_daily_target }}) AS daily_target,
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
                FROM `{{ project }}`.`{{ dataset }}`.daily_volume(today, DATE_ADD(today, INTERVAL 366 DAY))
                WHERE factor != 1
            ) AS holidays
        FROM (
            SELECT
                page_name,
                MAX(message_views) AS message_views,
                MAX(daily_target) AS daily_target
            FROM (
                SELECT
                    page_name,
                    SAFE_DIVIDE(SUM(views), SUM(messages)) AS message_views,
                    CAST(NULL AS INT64) AS daily_target
                FROM `{{ project }}`.`{{ dataset }}`.page_day_totals
                WHERE sent_day >= TIMESTAMP(DATE_SUB(today, INTERVAL {{ automation.feedback_window_days }} DAY))
                GROUP BY page_name
                UNION ALL
                SELECT
                    page_name,
                    NULL,
                    daily_target
                FROM `{{ project }}`.`{{ dataset }}`.account_sizes(today)
            )
            GROUP BY page_name
        ) AS pages
    ) AS found
        ON figures.page_name = found.page_name
    WHEN MATCHED THEN
        UPDATE SET
            message_views = found.message_views,
            daily_target = found.daily_target,
            classes = found.classes,
            weekdays = found.weekdays,
            holidays = found.holidays,
            refreshed_at = CURRENT_TIMESTAMP()
    WHEN NOT MATCHED THEN
        INSERT (page_name, message_views, daily_target, classes, weekdays, holidays, refreshed_at)
        VALUES (
            found.page_name,
            found.message_views,
            found.daily_target,
            found.classes,
            found.weekdays,
            found.holidays,
            CURRENT_TIMESTAMP()
        )
    -- A page that has not sent for as long as results are kept.
    WHEN NOT MATCHED BY SOURCE AND figures.refreshed_at < CURRENT_TIMESTAMP() THEN
        DELETE;
END;
