CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.acknowledge_alert(wanted STRING, person STRING)
OPTIONS (
    description = 'Notes that a person has taken an alert: wanted is a rule that is open, or the name of an alert in automation_alerts. It is not escalated any more; alerts of that name in automation_alerts are acknowledged, too. Fails when there is nothing to acknowledge.'
)
BEGIN
    DECLARE moment TIMESTAMP DEFAULT CURRENT_TIMESTAMP();
    DECLARE found INT64 DEFAULT 0;
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

    BEGIN TRANSACTION;
    BEGIN
        UPDATE `{{ project }}`.`{{ dataset }}`.alert_states
        SET
            state = 'ACKNOWLEDGED',
            acknowledged_at = moment,
            acknowledged_by = person
        WHERE
            state = 'OPEN'
            AND title = name;
        SET found = @@row_count;

        IF found > 0 THEN
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
            FROM `{{ project }}`.`{{ dataset }}`.alert_states
            WHERE title = name;
        END IF;

        UPDATE `{{ project }}`.`{{ dataset }}`.automation_alerts
        SET
            acknowledged = TRUE,
            acknowledged_at = moment,
            acknowledged_by = person
        WHERE
            NOT acknowledged
            AND alert_name = name
            AND alert_time >= TIMESTAMP_SUB(moment, INTERVAL {{ retention.log_days }} DAY);
        SET found = found + @@row_count;
        COMMIT TRANSACTION;
    EXCEPTION WHEN ERROR THEN
        BEGIN
            ROLLBACK TRANSACTION;
        EXCEPTION WHEN ERROR THEN
            -- It is over already; the first error is the one to tell.
            SET found = 0;
        END;
        RAISE;
    END;

    IF found = 0 THEN
        RAISE USING MESSAGE = CONCAT('no open alert is named ', wanted);
    END IF;
END;
