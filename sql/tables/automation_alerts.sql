CREATE TABLE IF NOT EXISTS `{{ project }}`.`{{ dataset }}`.automation_alerts (
    alert_id STRING NOT NULL OPTIONS (description = 'Identifier of the alert'),
    alert_time TIMESTAMP NOT NULL OPTIONS (description = 'When the alert was raised'),
    alert_level STRING NOT NULL OPTIONS (description = 'INFO, WARNING or CRITICAL'),
    alert_name STRING NOT NULL OPTIONS (description = 'Rule that raised the alert'),
    source STRING OPTIONS (description = 'Procedure that raised the alert'),
    message STRING OPTIONS (description = 'One sentence for the person on call'),
    details JSON OPTIONS (description = 'Figures behind the message'),
    run_id STRING OPTIONS (description = 'Run that raised the alert'),
    acknowledged BOOL NOT NULL OPTIONS (description = 'TRUE when somebody has taken the alert'),
    acknowledged_at TIMESTAMP OPTIONS (description = 'When the alert was acknowledged'),
    acknowledged_by STRING OPTIONS (description = 'Who acknowledged the alert')
)
PARTITION BY DATE(alert_time)
CLUSTER BY alert_level, acknowledged
OPTIONS (
    description = 'Outbox of alerts raised by the procedures.',
    partition_expiration_days = {{ retention.log_days }},
    require_partition_filter = TRUE
);
