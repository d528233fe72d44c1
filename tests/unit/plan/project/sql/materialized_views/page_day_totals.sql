CREATE MATERIALIZED VIEW IF NOT EXISTS `{{ project }}`.`{{ dataset }}`.page_day_totals
CLUSTER BY page_name
OPTIONS (
    description = 'Messages, views, purchases and earnings by page and day (UTC), kept up to date by BigQuery.',
    enable_refresh = TRUE,
    refresh_interval_minutes = 360
)
AS
SELECT
    page_name,
    DATE(sent_at) AS sent_date,
    COUNT(*) AS messages,
    SUM(views) AS views,
    SUM(purchases) AS purchases,
    SUM(earnings) AS earnings
FROM `{{ project }}`.`{{ dataset }}`.message_feedback
GROUP BY
    page_name,
    sent_date;
