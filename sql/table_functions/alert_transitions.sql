CREATE OR REPLACE TABLE FUNCTION `{{ project }}`.`{{ dataset }}`.alert_transitions(moment TIMESTAMP)  -- noqa: LT01
OPTIONS (
    description = 'What an evaluation at this time changes: one row per alert rule whose state or notifications move, with its next state, NULL when it is healthy again, and the events to record. No row when nothing moves, or when a later evaluation has been there.'
)
AS (
    WITH readings AS (
        SELECT *
        FROM `{{ project }}`.`{{ dataset }}`.alert_readings(moment)
    ),

    -- A rule about the same problem as one that fires is silent.
    superseded AS (
        SELECT DISTINCT readings.rule_id
        FROM readings
        CROSS JOIN UNNEST(readings.superseded_by) AS other_id
        INNER JOIN readings AS others
            ON other_id = others.rule_id
        LEFT JOIN `{{ project }}`.`{{ dataset }}`.alert_states AS states
            ON others.rule_id = states.rule_id
        WHERE
            CASE
                WHEN states.opened_at IS NULL THEN others.is_beyond AND others.hold_minutes = 0
                WHEN others.value IS NULL THEN TRUE
                WHEN others.is_below THEN others.value < others.resolve_limit
                ELSE others.value > others.resolve_limit
            END
    ),

    -- Without a value the state stays. A rule that is gone from the catalogue is healthy.
    judged AS (
        SELECT
            readings.value,
            readings.open_limit,
            readings.repeat_minutes,
            readings.escalate_minutes,
            states.state,
            states.opened_at,
            states.last_notified_at,
            states.escalated_at,
            states.acknowledged_at,
            states.acknowledged_by,
            COALESCE(readings.rule_id, states.rule_id) AS rule_id,
            COALESCE(readings.title, states.title) AS title,
            COALESCE(readings.severity, states.severity) AS severity,
            COALESCE(states.incident_id, GENERATE_UUID()) AS incident_id,
            COALESCE(states.pending_since, moment) AS pending_since,
            CASE
                WHEN readings.rule_id IS NULL OR superseded.rule_id IS NOT NULL THEN FALSE
                WHEN readings.value IS NULL THEN states.rule_id IS NOT NULL
                WHEN states.opened_at IS NULL THEN readings.is_beyond
                WHEN readings.is_below THEN readings.value < readings.resolve_limit
                ELSE readings.value > readings.resolve_limit
            END AS is_sick,
            TIMESTAMP_DIFF(moment, COALESCE(states.pending_since, moment), MINUTE) >= readings.hold_minutes AS is_long_enough
        FROM readings
        FULL JOIN `{{ project }}`.`{{ dataset }}`.alert_states AS states
            ON readings.rule_id = states.rule_id
        LEFT JOIN superseded
            ON readings.rule_id = superseded.rule_id
        WHERE states.evaluated_at IS NULL OR states.evaluated_at < moment
    ),

    moves AS (
        SELECT
            *,
            opened_at IS NULL AND is_sick AND is_long_enough AND value IS NOT NULL AS is_opened,
            opened_at IS NOT NULL AND NOT is_sick AS is_resolved,
            opened_at IS NOT NULL AND is_sick
            AND COALESCE(TIMESTAMP_DIFF(moment, last_notified_at, MINUTE) >= repeat_minutes, FALSE) AS is_repeated,
            state = 'OPEN' AND is_sick AND escalated_at IS NULL
            AND COALESCE(TIMESTAMP_DIFF(moment, opened_at, MINUTE) >= escalate_minutes, FALSE) AS is_escalated
        FROM judged
    )

    SELECT
        rule_id,
        title,
        severity,
        incident_id,
        pending_since,
        acknowledged_at,
        acknowledged_by,
        value,
        open_limit,
        CASE
            WHEN NOT is_sick THEN NULL
            WHEN is_opened THEN 'OPEN'
            ELSE COALESCE(state, 'PENDING')
        END AS next_state,
        IF(is_opened, moment, opened_at) AS opened_at,
        IF(is_opened OR is_repeated, moment, last_notified_at) AS last_notified_at,
        IF(is_escalated, moment, escalated_at) AS escalated_at,
        is_opened,
        is_repeated,
        is_escalated,
        is_resolved
    FROM moves
    WHERE
        is_opened
        OR is_repeated
        OR is_escalated
        OR (state IS NULL AND is_sick)
        OR (state IS NOT NULL AND NOT is_sick)
);
