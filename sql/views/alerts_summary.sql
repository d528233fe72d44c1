CREATE OR REPLACE VIEW `{{ project }}`.`{{ dataset }}`.alerts_summary
OPTIONS (
    description = 'Monitoring query 6: alerts by level and name over the last 24 hours and the last 7 days.'
)
AS
SELECT
    alert_level,
    alert_name,
    COUNT(*) AS total,
    COUNTIF(alert_time >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 24 HOUR)) AS total_24h,
    COUNTIF(NOT acknowledged) AS unacknowledged,
    MAX(alert_time) AS latest_alert_time
FROM `{{ project }}`.`{{ dataset }}`.automation_alerts
WHERE alert_time >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 7 DAY)
GROUP BY
    alert_level,
    alert_name;
