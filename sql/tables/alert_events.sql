CREATE TABLE IF NOT EXISTS `{{ project }}`.`{{ dataset }}`.alert_events (
    event_id STRING NOT NULL OPTIONS (description = 'Identifier of the event'),
    event_time TIMESTAMP NOT NULL OPTIONS (description = 'Evaluation in which it happened'),
    rule_id STRING NOT NULL OPTIONS (description = 'Rule of config/alerts.yaml'),
    title STRING NOT NULL OPTIONS (description = 'Title of the rule'),
    severity STRING NOT NULL OPTIONS (description = 'CRITICAL, WARNING or INFO'),
    event STRING NOT NULL OPTIONS (description = 'OPENED, REPEATED, ESCALATED, ACKNOWLEDGED or RESOLVED'),
    incident_id STRING NOT NULL OPTIONS (description = 'Joins the events of one incident'),
    value FLOAT64 OPTIONS (description = 'Value of the rule at this time'),
    open_limit FLOAT64 OPTIONS (description = 'Limit beyond which the rule fires'),
    actor STRING OPTIONS (description = 'Who acknowledged it')
)
PARTITION BY DATE(event_time)
CLUSTER BY rule_id
OPTIONS (
    description = 'What happened to alert rules, in order of time.',
    partition_expiration_days = {{ retention.log_days }},
    require_partition_filter = TRUE
);
