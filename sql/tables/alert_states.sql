CREATE TABLE IF NOT EXISTS `{{ project }}`.`{{ dataset }}`.alert_states (
    rule_id STRING NOT NULL OPTIONS (description = 'Rule of config/alerts.yaml'),
    title STRING NOT NULL OPTIONS (description = 'Title of the rule'),
    severity STRING NOT NULL OPTIONS (description = 'CRITICAL, WARNING or INFO'),
    state STRING NOT NULL OPTIONS (description = 'PENDING until the limit has been passed for long enough, then OPEN; ACKNOWLEDGED when somebody has taken it'),
    incident_id STRING NOT NULL OPTIONS (description = 'Joins the events of one incident'),
    pending_since TIMESTAMP NOT NULL OPTIONS (description = 'When the limit was passed'),
    opened_at TIMESTAMP OPTIONS (description = 'When the incident was opened'),
    last_notified_at TIMESTAMP OPTIONS (description = 'When the newest notification was due'),
    escalated_at TIMESTAMP OPTIONS (description = 'When the escalation channels were notified'),
    acknowledged_at TIMESTAMP OPTIONS (description = 'When somebody took the incident'),
    acknowledged_by STRING OPTIONS (description = 'Who took the incident'),
    value FLOAT64 OPTIONS (description = 'Value at the last change of this row'),
    evaluated_at TIMESTAMP NOT NULL OPTIONS (description = 'Evaluation that last changed this row')
)
CLUSTER BY rule_id
OPTIONS (
    description = 'One row per alert rule that is not healthy, written by evaluate_alerts and acknowledge_alert only. A rule without a row is healthy.'
);
