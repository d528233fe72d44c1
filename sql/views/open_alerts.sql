CREATE OR REPLACE VIEW `{{ project }}`.`{{ dataset }}`.open_alerts
OPTIONS (
    description = 'Alerts of level WARNING or CRITICAL that nobody has acknowledged. Read it newest first.'
)
AS
SELECT
    alert_id,
    alert_time,
    alert_level,
    alert_name,
    source,
    message,
    details,
    run_id
FROM `{{ project }}`.`{{ dataset }}`.automation_alerts
WHERE
    alert_level IN ('WARNING', 'CRITICAL')
    AND NOT acknowledged
    -- All that are there: the table asks for a filter.
    AND alert_time >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL {{ retention.log_days + 1 }} DAY);
