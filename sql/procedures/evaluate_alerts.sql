CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.evaluate_alerts(run_time TIMESTAMP)
OPTIONS (
    description = 'Judges the alert rules as of run_time, NULL for now: records what was opened, repeated, escalated and resolved, and runs one labelled query for each rule that fires, which reaches Cloud Monitoring by the audit log. A second call for the same time records nothing.'
)
BEGIN
    DECLARE moment TIMESTAMP DEFAULT COALESCE(run_time, CURRENT_TIMESTAMP());
    DECLARE is_written BOOL DEFAULT FALSE;
    DECLARE waited_seconds FLOAT64 DEFAULT 0;
    DECLARE judged_states STRING;
    DECLARE failure STRING;

    SET @@query_label = 'component:evaluate_alerts,{{ job_labels }}';

    -- A duplicate start comes at the same moment. Both update the lock row, so BigQuery aborts
    -- one; it judges again and then finds the work done.
    WHILE NOT is_written DO
        SET judged_states = (
            SELECT STRING_AGG(TO_JSON_STRING(states), '\n' ORDER BY states.rule_id)
            FROM `{{ project }}`.`{{ dataset }}`.alert_states AS states
        );
        -- Rules read the job history, which is no table and stays out of the transaction.
        CREATE OR REPLACE TEMP TABLE moves AS
        SELECT *
        FROM `{{ project }}`.`{{ dataset }}`.alert_transitions(moment);
        IF NOT EXISTS (SELECT 1 FROM moves) THEN
            -- Mostly there is nothing to do, and nothing is written then.
            BREAK;
        END IF;

        BEGIN
            CALL `{{ project }}`.`{{ dataset }}`.ensure_lock('job/evaluate_alerts');
            BEGIN TRANSACTION;
            BEGIN
                UPDATE `{{ project }}`.`{{ dataset }}`.automation_locks
                SET
                    version = version + 1,
                    locked_at = CURRENT_TIMESTAMP()
                WHERE lock_name = 'job/evaluate_alerts';

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
                FROM moves
                CROSS JOIN UNNEST(['OPENED', 'REPEATED', 'ESCALATED', 'RESOLVED']) AS event
                WHERE
                    CASE event
                        WHEN 'OPENED' THEN moves.is_opened
                        WHEN 'REPEATED' THEN moves.is_repeated
                        WHEN 'ESCALATED' THEN moves.is_escalated
                        ELSE moves.is_resolved
                    END;

                -- What the procedures noted of the same trouble is done with, too.
                UPDATE `{{ project }}`.`{{ dataset }}`.automation_alerts
                SET
                    acknowledged = TRUE,
                    acknowledged_at = moment,
                    acknowledged_by = 'evaluate_alerts'
                WHERE
                    NOT acknowledged
                    AND alert_name IN (
                        SELECT title
                        FROM moves
                        WHERE is_resolved
                    )
                    AND alert_time >= TIMESTAMP_SUB(moment, INTERVAL {{ retention.log_days }} DAY);

                DELETE FROM `{{ project }}`.`{{ dataset }}`.alert_states
                WHERE rule_id IN (SELECT rule_id FROM moves);

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
                FROM moves
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
                RAISE USING MESSAGE = CONCAT('the states of the alerts could not be written: ', failure);
            END IF;
            CALL `{{ project }}`.`{{ dataset }}`.pause_before_retry(waited_seconds);
        END;
    END WHILE;

    -- The query says nothing that its labels do not: the log-based metric
    -- eros/alert_firing counts it, and the rule's policy watches that.
    FOR firing IN (
        SELECT
            rule_id,
            IF(escalated_at IS NULL, 'opened', 'escalated') AS stage
        FROM `{{ project }}`.`{{ dataset }}`.alert_states
        WHERE
            state != 'PENDING'
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
END;
