CREATE MATERIALIZED VIEW IF NOT EXISTS `{{ project }}`.`{{ dataset }}`.page_day_totals
PARTITION BY DATE(sent_day)
CLUSTER BY page_name
OPTIONS (
    description = 'Messages, views, purchases and earnings by page and day (UTC), kept up to date by BigQuery. Its partitions are those of message_feedback and expire with them; without, each expiry would build all of it again. A reader bounds sent_day.',
    enable_refresh = TRUE,
    refresh_interval_minutes = 360
)
AS
SELECT
    page_name,
    DATE(sent_at) AS sent_date,
    TIMESTAMP_TRUNC(sent_at, DAY) AS sent_day,
    COUNT(*) AS messages,
    SUM(views) AS views,
    SUM(purchases) AS purchases,
    SUM(earnings) AS earnings
FROM `{{ project }}`.`{{ dataset }}`.message_feedback
-- The table asks for a filter over its partitions; this one keeps all of them.
WHERE sent_at >= TIMESTAMP '2000-01-01 00:00:00+00'
GROUP BY
    page_name,
    sent_date,
    sent_day;
