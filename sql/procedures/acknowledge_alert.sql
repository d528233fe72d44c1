CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.acknowledge_alert(wanted STRING, person STRING)
OPTIONS (
    description = 'Notes that a person has taken an alert: wanted is a rule that is open, or the name of an alert in automation_alerts. It is not escalated any more; alerts of that name in automation_alerts are acknowledged, too. Fails when there is nothing to acknowledge.'
)
BEGIN
    DECLARE moment TIMESTAMP DEFAULT CURRENT_TIMESTAMP();
    DECLARE oldest TIMESTAMP DEFAULT TIMESTAMP_SUB(moment, INTERVAL {{ retention.log_days }} DAY);
    DECLARE found INT64 DEFAULT 0;
    DECLARE is_settled BOOL DEFAULT FALSE;
    DECLARE waited_seconds FLOAT64 DEFAULT 0;
    DECLARE name STRING;

    SET @@query_label = 'component:acknowledge_alert,{{ job_labels }}';

    SET name = COALESCE(
        (
            SELECT MAX(title)
            FROM `{{ project }}`.`{{ dataset }}`.alert_states
            WHERE rule_id = UPPER(wanted)
        ),
        wanted
    );

    -- No transaction: BigQuery aborts one that meets an evaluation, and queues an UPDATE behind it.
    -- What a failed attempt has done already bears the time of this call, so it counts.
    WHILE NOT is_settled DO
        BEGIN
            UPDATE `{{ project }}`.`{{ dataset }}`.alert_states
            SET
                state = 'ACKNOWLEDGED',
                acknowledged_at = moment,
                acknowledged_by = person
            WHERE
                state = 'OPEN'
                AND title = name;

            INSERT INTO `{{ project }}`.`{{ dataset }}`.alert_events (
                event_id,
                event_time,
                rule_id,
                title,
                severity,
                event,
                incident_id,
                value,
                actor
            )
            SELECT
                GENERATE_UUID(),
                moment,
                rule_id,
                title,
                severity,
                'ACKNOWLEDGED',
                incident_id,
                value,
                person
            FROM `{{ project }}`.`{{ dataset }}`.alert_states AS states
            WHERE
                title = name
                AND acknowledged_at = moment
                AND NOT EXISTS (
                    SELECT 1
                    FROM `{{ project }}`.`{{ dataset }}`.alert_events AS events
                    WHERE
                        events.event_time = moment
                        AND events.rule_id = states.rule_id
                        AND events.event = 'ACKNOWLEDGED'
                );

            UPDATE `{{ project }}`.`{{ dataset }}`.automation_alerts
            SET
                acknowledged = TRUE,
                acknowledged_at = moment,
                acknowledged_by = person
            WHERE
                NOT acknowledged
                AND alert_name = name
                AND alert_time >= oldest;

            SET found = (
                SELECT COUNT(*)
                FROM (
                    SELECT acknowledged_at
                    FROM `{{ project }}`.`{{ dataset }}`.alert_states
                    WHERE title = name
                    UNION ALL
                    SELECT acknowledged_at
                    FROM `{{ project }}`.`{{ dataset }}`.automation_alerts
                    WHERE
                        alert_name = name
                        AND alert_time >= oldest
                )
                WHERE acknowledged_at = moment
            );
            SET is_settled = TRUE;
        EXCEPTION WHEN ERROR THEN
            IF waited_seconds >= {{ automation.lock_wait_seconds }} THEN
                RAISE;
            END IF;
            CALL `{{ project }}`.`{{ dataset }}`.pause_before_retry(waited_seconds);
        END;
    END WHILE;

    IF found = 0 THEN
        RAISE USING MESSAGE = CONCAT('refused: no open alert is named ', wanted);
    END IF;
END;
