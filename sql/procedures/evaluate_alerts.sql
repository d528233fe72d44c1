CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.evaluate_alerts(run_time TIMESTAMP)
OPTIONS (
    description = 'Judges the alert rules as of run_time, NULL for now: records what was opened, repeated, escalated and resolved, and runs one labelled query for each rule that fires, which reaches Cloud Monitoring by the audit log. A second call for the same time records nothing.'
)
BEGIN
    DECLARE moment TIMESTAMP DEFAULT COALESCE(run_time, CURRENT_TIMESTAMP());
    DECLARE evaluation STRING DEFAULT GENERATE_UUID();
    DECLARE is_written BOOL DEFAULT FALSE;
    DECLARE waited_seconds FLOAT64 DEFAULT 0;
    DECLARE judged_states STRING;
    DECLARE failure STRING;

    SET @@query_label = 'component:evaluate_alerts,{{ job_labels }}';

    SET judged_states = (
        SELECT STRING_AGG(TO_JSON_STRING(states), '\n' ORDER BY states.rule_id)
        FROM `{{ project }}`.`{{ dataset }}`.alert_states AS states
    );
    -- Rules read the job history, which is no table and stays out of the transaction.
    CREATE OR REPLACE TEMP TABLE alert_moves AS
    SELECT *
    FROM `{{ project }}`.`{{ dataset }}`.alert_transitions(moment);

    -- Before anything is written: a race that is lost below must not close what is open.
    -- The query says nothing that its labels do not: the log-based metric
    -- eros/alert_firing counts it, and the rule's policy watches that.
    FOR firing IN (
        SELECT
            states.rule_id,
            IF(COALESCE(moves.escalated_at, states.escalated_at) IS NULL, 'opened', 'escalated') AS stage
        FROM `{{ project }}`.`{{ dataset }}`.alert_states AS states
        LEFT JOIN alert_moves AS moves
            ON states.rule_id = moves.rule_id
        WHERE
            states.state != 'PENDING'
            AND states.severity != 'INFO'
            AND NOT COALESCE(moves.is_resolved OR moves.is_opened, FALSE)
    )
    DO
        SET @@query_label = CONCAT(
            'component:alert,alert_rule:',
            LOWER(firing.rule_id),
            ',alert_stage:',
            firing.stage,
            ',{{ job_labels }}'
        );
        SELECT
            firing.rule_id AS fired_rule,
            firing.stage AS fired_stage;
    END FOR;
    SET @@query_label = 'component:evaluate_alerts,{{ job_labels }}';

    -- Mostly there is nothing to do, and nothing is written then.
    IF NOT EXISTS (SELECT 1 FROM alert_moves) THEN
        RETURN;
    END IF;

    -- A duplicate start comes at the same moment. It waits for the lease, judges again and then
    -- finds the work done. The states are changed by this and by acknowledge_alert only, so a
    -- transaction over them meets nobody else.
    -- cost: 1 of 288
    BEGIN
        CALL `{{ project }}`.`{{ dataset }}`.take_lock(
            'job/evaluate_alerts', evaluation, {{ limits.query_timeout_seconds }}, {{ automation.lock_wait_seconds }}
        );
        WHILE NOT is_written DO
            BEGIN
                IF judged_states IS DISTINCT FROM (
                    SELECT STRING_AGG(TO_JSON_STRING(states), '\n' ORDER BY states.rule_id)
                    FROM `{{ project }}`.`{{ dataset }}`.alert_states AS states
                ) THEN
                    SET judged_states = (
                        SELECT STRING_AGG(TO_JSON_STRING(states), '\n' ORDER BY states.rule_id)
                        FROM `{{ project }}`.`{{ dataset }}`.alert_states AS states
                    );
                    CREATE OR REPLACE TEMP TABLE alert_moves AS
                    SELECT *
                    FROM `{{ project }}`.`{{ dataset }}`.alert_transitions(moment);
                END IF;
                IF NOT EXISTS (SELECT 1 FROM alert_moves) THEN
                    BREAK;
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
                        moves.rule_id,
                        moves.title,
                        moves.severity,
                        event,
                        moves.incident_id,
                        moves.value,
                        moves.open_limit
                    FROM alert_moves AS moves
                    CROSS JOIN UNNEST(['OPENED', 'REPEATED', 'ESCALATED', 'RESOLVED']) AS event
                    WHERE
                        CASE event
                            WHEN 'OPENED' THEN moves.is_opened
                            WHEN 'REPEATED' THEN moves.is_repeated
                            WHEN 'ESCALATED' THEN moves.is_escalated
                            ELSE moves.is_resolved
                        END;

                    DELETE FROM `{{ project }}`.`{{ dataset }}`.alert_states
                    WHERE rule_id IN (SELECT alert_moves.rule_id FROM alert_moves);

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
                        rule_id,
                        title,
                        severity,
                        next_state,
                        incident_id,
                        pending_since,
                        opened_at,
                        last_notified_at,
                        escalated_at,
                        acknowledged_at,
                        acknowledged_by,
                        value,
                        moment
                    FROM alert_moves
                    WHERE next_state IS NOT NULL;
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
                IF waited_seconds >= {{ automation.lock_wait_seconds }} THEN
                    RAISE USING MESSAGE = failure;
                END IF;
                CALL `{{ project }}`.`{{ dataset }}`.pause_before_retry(waited_seconds);
            END;
        END WHILE;
        CALL `{{ project }}`.`{{ dataset }}`.release_lock('job/evaluate_alerts', evaluation);
    EXCEPTION WHEN ERROR THEN
        -- The lease ends by itself where it was taken.
        RAISE USING MESSAGE = CONCAT('the states of the alerts could not be written: ', @@error.message);
    END;

    -- What was opened now; the others were signalled above.
    -- cost: 1 of 288
    FOR firing IN (
        SELECT
            rule_id,
            IF(escalated_at IS NULL, 'opened', 'escalated') AS stage
        FROM alert_moves
        WHERE
            is_opened
            AND severity != 'INFO'
    )
    DO
        SET @@query_label = CONCAT(
            'component:alert,alert_rule:',
            LOWER(firing.rule_id),
            ',alert_stage:',
            firing.stage,
            ',{{ job_labels }}'
        );
        SELECT
            firing.rule_id AS fired_rule,
            firing.stage AS fired_stage;
    END FOR;
    SET @@query_label = 'component:evaluate_alerts,{{ job_labels }}';

    -- What the procedures noted of the same trouble is done with, too. Others write there, so
    -- it is no part of the transaction, and what fails is left to the next incident.
    SET is_written = FALSE;
    SET waited_seconds = 0;
    -- cost: 1 of 288
    WHILE NOT is_written AND (SELECT COUNTIF(is_resolved) FROM alert_moves) > 0 DO
        BEGIN
            UPDATE `{{ project }}`.`{{ dataset }}`.automation_alerts
            SET
                acknowledged = TRUE,
                acknowledged_at = moment,
                acknowledged_by = 'evaluate_alerts'
            WHERE
                NOT acknowledged
                AND alert_name IN (
                    SELECT title
                    FROM alert_moves
                    WHERE is_resolved
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
