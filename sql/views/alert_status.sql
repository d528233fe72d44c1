CREATE OR REPLACE VIEW `{{ project }}`.`{{ dataset }}`.alert_status
OPTIONS (
    description = 'Every alert rule that SQL judges at this moment: its value, its limit and its state; OK when it is healthy.'
)
AS
SELECT
    readings.rule_id,
    readings.title,
    readings.severity,
    readings.value,
    readings.open_limit,
    readings.is_below,
    states.incident_id,
    states.opened_at,
    states.last_notified_at,
    states.escalated_at,
    states.acknowledged_by,
    COALESCE(states.state, 'OK') AS state
FROM `{{ project }}`.`{{ dataset }}`.alert_readings(CURRENT_TIMESTAMP()) AS readings
LEFT JOIN `{{ project }}`.`{{ dataset }}`.alert_states AS states
    ON readings.rule_id = states.rule_id;
