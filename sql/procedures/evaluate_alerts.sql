CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.evaluate_alerts(run_time TIMESTAMP)
OPTIONS (
    description = 'Judges the alert rules as of run_time, NULL for now: records what was opened, repeated, escalated and resolved, and runs one labelled query for each rule that fires, which reaches Cloud Monitoring by the audit log. A second call for the same time records nothing.'
)
BEGIN
{#- One query for a rule that fires; it says nothing that its labels do not. #}
{%- macro signal() -%}
SET @@query_label = CONCAT(
    'component:{{ alert_component }},alert_rule:',
    LOWER(firing.rule_id),
    ',alert_stage:',
    firing.stage,
    COALESCE(CONCAT(',alert_value:', `{{ project }}`.`{{ dataset }}`.metric_label(firing.value)), ''),
    ',{{ job_labels }}'
);
SELECT
    firing.rule_id AS fired_rule,
    firing.stage AS fired_stage;
{%- endmacro %}
    DECLARE moment TIMESTAMP DEFAULT COALESCE(run_time, CURRENT_TIMESTAMP());
    DECLARE evaluation STRING DEFAULT GENERATE_UUID();
    DECLARE is_judged BOOL DEFAULT FALSE;
    DECLARE is_signalled BOOL DEFAULT FALSE;
    DECLARE is_held BOOL DEFAULT FALSE;
    DECLARE is_written BOOL DEFAULT FALSE;
    DECLARE waited_seconds FLOAT64 DEFAULT 0;
    -- One entry per rule that is not healthy, and one per rule that moves, with the columns of
    -- alert_transitions: read once, since each table that a statement names is billed at the least.
    DECLARE known ARRAY<STRUCT<
        rule_id STRING,
        severity STRING,
        state STRING,
        escalated_at TIMESTAMP,
        value FLOAT64,
        text STRING
    >>;
    DECLARE moves ARRAY<STRUCT<
        rule_id STRING,
        title STRING,
        severity STRING,
        incident_id STRING,
        pending_since TIMESTAMP,
        acknowledged_at TIMESTAMP,
        acknowledged_by STRING,
        value FLOAT64,
        open_limit FLOAT64,
        next_state STRING,
        opened_at TIMESTAMP,
        last_notified_at TIMESTAMP,
        escalated_at TIMESTAMP,
        is_opened BOOL,
        is_repeated BOOL,
        is_escalated BOOL,
        is_resolved BOOL
    >>;
    DECLARE judged_states STRING;
    DECLARE failure STRING;

    SET @@query_label = 'component:evaluate_alerts,{{ job_labels }}';

    WHILE NOT is_written DO
        IF NOT is_judged THEN
            -- Rules read what is no table of ours, too, and stay out of the transaction.
            SET (known, moves) = (
                SELECT AS STRUCT
                    ARRAY(
                        SELECT AS STRUCT
                            states.rule_id,
                            states.severity,
                            states.state,
                            states.escalated_at,
                            states.value,
                            TO_JSON_STRING(states) AS text
                        FROM `{{ project }}`.`{{ dataset }}`.alert_states AS states
                    ),
                    ARRAY(
                        SELECT AS STRUCT
                            found.rule_id,
                            found.title,
                            found.severity,
                            found.incident_id,
                            found.pending_since,
                            found.acknowledged_at,
                            found.acknowledged_by,
                            found.value,
                            found.open_limit,
                            found.next_state,
                            found.opened_at,
                            found.last_notified_at,
                            found.escalated_at,
                            found.is_opened,
                            found.is_repeated,
                            found.is_escalated,
                            found.is_resolved
                        FROM `{{ project }}`.`{{ dataset }}`.alert_transitions(moment) AS found
                    )
            );
            SET judged_states = (
                SELECT STRING_AGG(states.text, '\n' ORDER BY states.rule_id)
                FROM UNNEST(known) AS states
            );
            SET is_judged = TRUE;
        END IF;

        -- Before anything is written: a race that is lost below must not close what is open.
        -- The query says nothing that its labels do not: the log-based metric eros/alert_value takes
        -- the value out of them, and the rule's policy watches that.
        IF NOT is_signalled THEN
            FOR firing IN (
                SELECT
                    states.rule_id,
                    IF(COALESCE(moved.escalated_at, states.escalated_at) IS NULL, 'opened', 'escalated') AS stage,
                    COALESCE(moved.value, states.value) AS value
                FROM UNNEST(known) AS states
                LEFT JOIN UNNEST(moves) AS moved
                    ON states.rule_id = moved.rule_id
                WHERE
                    states.state != 'PENDING'
                    AND states.severity != 'INFO'
                    AND NOT COALESCE(moved.is_resolved OR moved.is_opened, FALSE)
            )
            DO
                {{ signal() | indent(16) }}
            END FOR;
            SET @@query_label = 'component:evaluate_alerts,{{ job_labels }}';
            SET is_signalled = TRUE;
        END IF;

        -- Mostly there is nothing to do, and nothing is written then.
        IF ARRAY_LENGTH(moves) = 0 THEN
            BREAK;
        END IF;

        -- A duplicate start comes at the same moment. It waits for the lease, judges again and then
        -- finds the work done. The states are changed by this and by acknowledge_alert only, so a
        -- transaction over them meets nobody else.
        -- cost: 1 of 96
        BEGIN
            IF NOT is_held THEN
                CALL `{{ project }}`.`{{ dataset }}`.take_lock(
                    'job/evaluate_alerts', evaluation, {{ limits.query_timeout_seconds + limits.stop_within_seconds }}, {{ automation.lock_wait_seconds }}
                );
                SET is_held = TRUE;
            END IF;
            IF judged_states IS DISTINCT FROM (
                SELECT STRING_AGG(TO_JSON_STRING(states), '\n' ORDER BY states.rule_id)
                FROM `{{ project }}`.`{{ dataset }}`.alert_states AS states
            ) THEN
                SET is_judged = FALSE;
                CONTINUE;
            END IF;

            BEGIN TRANSACTION;
            BEGIN
                IF judged_states IS DISTINCT FROM (
                    SELECT STRING_AGG(TO_JSON_STRING(states), '\n' ORDER BY states.rule_id)
                    FROM `{{ project }}`.`{{ dataset }}`.alert_states AS states
                ) THEN
                    RAISE USING MESSAGE = 'they changed while the rules were judged';
                END IF;

                INSERT INTO `{{ project }}`.`{{ dataset }}`.alert_events (
                    event_id,
                    event_time,
                    rule_id,
                    title,
                    severity,
                    event,
                    incident_id,
                    value,
                    open_limit
                )
                SELECT
                    GENERATE_UUID(),
                    moment,
                    moved.rule_id,
                    moved.title,
                    moved.severity,
                    event,
                    moved.incident_id,
                    moved.value,
                    moved.open_limit
                FROM UNNEST(moves) AS moved
                CROSS JOIN UNNEST(['OPENED', 'REPEATED', 'ESCALATED', 'RESOLVED']) AS event
                WHERE
                    CASE event
                        WHEN 'OPENED' THEN moved.is_opened
                        WHEN 'REPEATED' THEN moved.is_repeated
                        WHEN 'ESCALATED' THEN moved.is_escalated
                        ELSE moved.is_resolved
                    END;

                DELETE FROM `{{ project }}`.`{{ dataset }}`.alert_states
                WHERE rule_id IN (SELECT moved.rule_id FROM UNNEST(moves) AS moved);

                INSERT INTO `{{ project }}`.`{{ dataset }}`.alert_states (
                    rule_id,
                    title,
                    severity,
                    state,
                    incident_id,
                    pending_since,
                    opened_at,
                    last_notified_at,
                    escalated_at,
                    acknowledged_at,
                    acknowledged_by,
                    value,
                    evaluated_at
                )
                SELECT
                    moved.rule_id,
                    moved.title,
                    moved.severity,
                    moved.next_state,
                    moved.incident_id,
                    moved.pending_since,
                    moved.opened_at,
                    moved.last_notified_at,
                    moved.escalated_at,
                    moved.acknowledged_at,
                    moved.acknowledged_by,
                    moved.value,
                    moment
                FROM UNNEST(moves) AS moved
                WHERE moved.next_state IS NOT NULL;
                COMMIT TRANSACTION;
            EXCEPTION WHEN ERROR THEN
                BEGIN
                    ROLLBACK TRANSACTION;
                EXCEPTION WHEN ERROR THEN
                    -- It is over already; the first error is the one to tell.
                    SET is_written = FALSE;
                END;
                RAISE;
            END;
            SET is_written = TRUE;
        EXCEPTION WHEN ERROR THEN
            SET failure = @@error.message;
            IF NOT is_held OR waited_seconds >= {{ automation.lock_wait_seconds }} THEN
                -- The lease ends by itself where it was taken.
                RAISE USING MESSAGE = CONCAT('the states of the alerts could not be written: ', failure);
            END IF;
            CALL `{{ project }}`.`{{ dataset }}`.pause_before_retry(waited_seconds);
            -- What made it fail may have changed them.
            SET is_judged = FALSE;
        END;
    END WHILE;
    IF NOT is_held THEN
        RETURN;
    END IF;
    -- cost: 1 of 96
    BEGIN
        CALL `{{ project }}`.`{{ dataset }}`.release_lock('job/evaluate_alerts', evaluation);
    EXCEPTION WHEN ERROR THEN
        -- The lease ends by itself where it was taken.
        RAISE USING MESSAGE = CONCAT('the states of the alerts could not be written: ', @@error.message);
    END;

    -- What was opened now; the others were signalled above.
    -- cost: 1 of 96
    FOR firing IN (
        SELECT
            moved.rule_id,
            IF(moved.escalated_at IS NULL, 'opened', 'escalated') AS stage,
            moved.value
        FROM UNNEST(moves) AS moved
        WHERE
            moved.is_opened
            AND moved.severity != 'INFO'
    )
    DO
        {{ signal() | indent(8) }}
    END FOR;
    SET @@query_label = 'component:evaluate_alerts,{{ job_labels }}';

    -- What the procedures noted of the same trouble is done with, too. Others write there, so
    -- it is no part of the transaction, and what fails is left to the next incident.
    SET is_written = FALSE;
    SET waited_seconds = 0;
    -- cost: 1 of 96
    WHILE NOT is_written AND (SELECT COUNTIF(moved.is_resolved) FROM UNNEST(moves) AS moved) > 0 DO
        BEGIN
            UPDATE `{{ project }}`.`{{ dataset }}`.automation_alerts
            SET
                acknowledged = TRUE,
                acknowledged_at = moment,
                acknowledged_by = 'evaluate_alerts'
            WHERE
                NOT acknowledged
                AND alert_name IN (
                    SELECT moved.title
                    FROM UNNEST(moves) AS moved
                    WHERE moved.is_resolved
                )
                AND alert_time >= TIMESTAMP_SUB(moment, INTERVAL {{ retention.log_days }} DAY);
            SET is_written = TRUE;
        EXCEPTION WHEN ERROR THEN
            IF waited_seconds >= {{ automation.lock_wait_seconds }} THEN
                RAISE;
            END IF;
            CALL `{{ project }}`.`{{ dataset }}`.pause_before_retry(waited_seconds);
        END;
    END WHILE;
END;
