CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.archive_inactive_assignments()
OPTIONS (
    description = 'Moves assignments that ended more than {{ retention.inactive_assignment_days }} days ago, and whose send date no selection looks at any more, out of active_caption_assignments into its archive. Logs end by partition expiration and need no procedure.'
)
BEGIN
    DECLARE run STRING DEFAULT GENERATE_UUID();
    DECLARE started TIMESTAMP DEFAULT CURRENT_TIMESTAMP();
    DECLARE ended_before TIMESTAMP DEFAULT TIMESTAMP_SUB(started, INTERVAL {{ retention.inactive_assignment_days }} DAY);
    -- The sweep ends a lock made long before its day, and select_captions_for_creator counts
    -- it until its day and the cooldown are over.
    DECLARE last_send_date DATE DEFAULT DATE_SUB(
        CURRENT_DATE('{{ time_zone }}'),
        INTERVAL {{ [selection.cooldown_days, 1] | max }} DAY
    );
    DECLARE moved INT64 DEFAULT 0;
    DECLARE is_open BOOL;
    DECLARE failure STRING;

    SET @@query_label = CONCAT('component:archive_inactive_assignments,{{ job_labels }},eros_run:', run);

    BEGIN
        CALL `{{ project }}`.`{{ dataset }}`.start_job_run(
            run,
            'archive_inactive_assignments',
            DATE(started, '{{ time_zone }}'),
            {{ limits.query_timeout_seconds }},
            is_open
        );
        IF NOT is_open THEN
            -- The same run was started twice and the other one is at work.
            RETURN;
        END IF;

        BEGIN TRANSACTION;
        BEGIN
            INSERT INTO `{{ project }}`.`{{ dataset }}`.archived_caption_assignments (
                assignment_id,
                page_name,
                caption_id,
                scheduled_send_date,
                assigned_at,
                deactivated_at,
                deactivation_reason,
                archived_at
            )
            SELECT
                assignment_id,
                page_name,
                caption_id,
                scheduled_send_date,
                assigned_at,
                deactivated_at,
                deactivation_reason,
                started
            FROM `{{ project }}`.`{{ dataset }}`.active_caption_assignments
            WHERE
                NOT is_active
                AND deactivated_at < ended_before
                AND scheduled_send_date <= last_send_date;
            SET moved = @@row_count;

            DELETE FROM `{{ project }}`.`{{ dataset }}`.active_caption_assignments
            WHERE
                NOT is_active
                AND deactivated_at < ended_before
                AND scheduled_send_date <= last_send_date;
            COMMIT TRANSACTION;
        EXCEPTION WHEN ERROR THEN
            BEGIN
                ROLLBACK TRANSACTION;
            EXCEPTION WHEN ERROR THEN
                -- It is over already; the first error is the one to tell.
                SET moved = 0;
            END;
            RAISE;
        END;
        CALL `{{ project }}`.`{{ dataset }}`.finish_job_run(run, 'SUCCESS', moved, NULL);
    EXCEPTION WHEN ERROR THEN
        SET failure = @@error.message;
        CALL `{{ project }}`.`{{ dataset }}`.raise_alert(
            'WARNING',
            'Archiving failed',
            'archive_inactive_assignments',
            failure,
            NULL,
            run
        );
        CALL `{{ project }}`.`{{ dataset }}`.finish_job_run(run, 'FAILED', 0, failure);
        RAISE USING MESSAGE = failure;
    END;
END;
