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
    DECLARE first_send_date DATE;
    DECLARE moved INT64 DEFAULT 0;
    DECLARE is_deleted BOOL DEFAULT FALSE;
    DECLARE waited_seconds FLOAT64 DEFAULT 0;
    DECLARE is_open BOOL;
    DECLARE failure STRING;

    SET @@query_label = CONCAT('component:archive_inactive_assignments,{{ job_labels }},eros_run:', run);

    BEGIN
        CALL `{{ project }}`.`{{ dataset }}`.start_job_run(
            run,
            'archive_inactive_assignments',
            DATE(started, '{{ time_zone }}'),
            {{ limits.query_timeout_seconds + limits.stop_within_seconds }},
            is_open
        );
        IF NOT is_open THEN
            -- The same run was started twice and the other one is at work.
            RETURN;
        END IF;

        -- The archive grows for ever: of its partitions only those that may hold the same rows.
        SET first_send_date = (
            SELECT COALESCE(MIN(scheduled_send_date), last_send_date)
            FROM `{{ project }}`.`{{ dataset }}`.active_caption_assignments
            WHERE
                NOT is_active
                AND deactivated_at < ended_before
        );

        -- No transaction: BigQuery aborts one that meets a sweep. A run that ends between the two
        -- statements leaves rows in both tables, and the next one deletes what is archived.
        WHILE NOT is_deleted DO
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
                FROM `{{ project }}`.`{{ dataset }}`.active_caption_assignments AS ended
                WHERE
                    NOT is_active
                    AND deactivated_at < ended_before
                    AND scheduled_send_date <= last_send_date
                    AND NOT EXISTS (
                        SELECT 1
                        FROM `{{ project }}`.`{{ dataset }}`.archived_caption_assignments AS archived
                        WHERE
                            archived.assignment_id = ended.assignment_id
                            AND archived.scheduled_send_date >= first_send_date
                    );

                DELETE FROM `{{ project }}`.`{{ dataset }}`.active_caption_assignments
                WHERE
                    NOT is_active
                    AND deactivated_at < ended_before
                    AND scheduled_send_date <= last_send_date
                    AND assignment_id IN (
                        SELECT archived.assignment_id
                        FROM `{{ project }}`.`{{ dataset }}`.archived_caption_assignments AS archived
                        WHERE archived.scheduled_send_date >= first_send_date
                    );
                SET moved = @@row_count;
                SET is_deleted = TRUE;
            EXCEPTION WHEN ERROR THEN
                IF waited_seconds >= {{ automation.lock_wait_seconds }} THEN
                    RAISE;
                END IF;
                CALL `{{ project }}`.`{{ dataset }}`.pause_before_retry(waited_seconds);
            END;
        END WHILE;
        CALL `{{ project }}`.`{{ dataset }}`.finish_job_run(run, 'SUCCESS', moved, NULL);
    EXCEPTION WHEN ERROR THEN
        SET failure = @@error.message;
        -- One that passes by itself is tried again, and reported by who tries (prepare_retry).
        IF NOT `{{ project }}`.`{{ dataset }}`.is_transient_error(failure) THEN
            CALL `{{ project }}`.`{{ dataset }}`.raise_alert(
                'WARNING',
                'Archiving failed',
                'archive_inactive_assignments',
                failure,
                NULL,
                run
            );
        END IF;
        CALL `{{ project }}`.`{{ dataset }}`.finish_job_run(run, 'FAILED', 0, failure);
        RAISE USING MESSAGE = failure;
    END;
END;
