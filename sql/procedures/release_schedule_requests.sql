CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.release_schedule_requests()
OPTIONS (
    description = 'Keeps the queue moving: a request held longer than {{ automation.queue_lease_minutes }} minutes counts as a failed attempt and can be claimed again, a PENDING request more than a day behind its date is cancelled once it counts as backlog, and a backlog raises an alert, once a day. Where nothing is due it opens no run and writes nothing.'
)
BEGIN
    DECLARE run STRING DEFAULT GENERATE_UUID();
    DECLARE started TIMESTAMP DEFAULT CURRENT_TIMESTAMP();
    DECLARE today DATE DEFAULT CURRENT_DATE('{{ time_zone }}');
    DECLARE oldest_date DATE DEFAULT DATE_SUB(today, INTERVAL {{ retention.log_days }} DAY);
    DECLARE backlog_before TIMESTAMP DEFAULT TIMESTAMP_SUB(started, INTERVAL {{ thresholds.queue_backlog_hours }} HOUR);
    DECLARE overdue STRUCT<backlog INT64, due INT64>;
    DECLARE changed INT64;
    DECLARE is_open BOOL;
    DECLARE is_changed BOOL DEFAULT FALSE;
    DECLARE waited_seconds FLOAT64 DEFAULT 0;
    DECLARE failure STRING;

    SET @@query_label = CONCAT('component:release_schedule_requests,{{ job_labels }},eros_run:', run);

    BEGIN
        -- Before anything is cancelled, so that no request vanishes without an alert.
        SET overdue = (
            SELECT AS STRUCT
                COUNTIF(status = 'PENDING' AND created_at < backlog_before) AS backlog,
                COUNTIF(
                    status = 'PROCESSING'
                    AND claimed_at < TIMESTAMP_SUB(started, INTERVAL {{ automation.queue_lease_minutes }} MINUTE)
                ) AS due
            FROM `{{ project }}`.`{{ dataset }}`.schedule_generation_queue
            WHERE
                status IN ('PENDING', 'PROCESSING')
                AND execution_date >= oldest_date
        );
    EXCEPTION WHEN ERROR THEN
        -- No run is open yet; a look that failed is one all the same.
        SET failure = @@error.message;
        INSERT INTO `{{ project }}`.`{{ dataset }}`.etl_job_runs (
            run_id,
            job_name,
            execution_date,
            job_start_time,
            job_end_time,
            duration_seconds,
            status,
            error_message
        )
        VALUES (
            run,
            'release_schedule_requests',
            today,
            started,
            CURRENT_TIMESTAMP(),
            TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), started, MILLISECOND) / 1000,
            'FAILED',
            failure
        );
        CALL `{{ project }}`.`{{ dataset }}`.raise_alert(
            'WARNING',
            'Queue release failed',
            'release_schedule_requests',
            failure,
            NULL,
            run
        );
        RAISE USING MESSAGE = failure;
    END;
    -- Mostly there is nothing to do, and nothing is written then.
    IF overdue.backlog + overdue.due = 0 THEN
        RETURN;
    END IF;

    -- cost: 1 of 96
    BEGIN
        CALL `{{ project }}`.`{{ dataset }}`.start_job_run(
            run,
            'release_schedule_requests',
            today,
            {{ limits.query_timeout_seconds + limits.stop_within_seconds }},
            is_open
        );
        IF NOT is_open THEN
            -- The same run was started twice and the other one is at work.
            RETURN;
        END IF;

        WHILE NOT is_changed DO
            BEGIN
                UPDATE `{{ project }}`.`{{ dataset }}`.schedule_generation_queue
                SET
                    status = CASE
                        WHEN status = 'PENDING' THEN 'CANCELLED'
                        WHEN attempts + 1 >= {{ automation.queue_max_attempts }} THEN 'FAILED'
                        ELSE 'PENDING'
                    END,
                    completed_at = IF(
                        status = 'PENDING' OR attempts + 1 >= {{ automation.queue_max_attempts }},
                        started,
                        NULL
                    ),
                    error_message = IF(
                        status = 'PENDING',
                        'not claimed within a day of its date',
                        FORMAT('%s held it longer than {{ automation.queue_lease_minutes }} minutes', COALESCE(claimed_by, 'nobody'))
                    ),
                    attempts = attempts + IF(status = 'PENDING', 0, 1)
                WHERE
                    execution_date >= oldest_date
                    AND (
                        (
                            status = 'PROCESSING'
                            AND claimed_at < TIMESTAMP_SUB(started, INTERVAL {{ automation.queue_lease_minutes }} MINUTE)
                        )
                        OR (
                            status = 'PENDING'
                            AND execution_date < DATE_SUB(today, INTERVAL 1 DAY)
                            AND created_at < backlog_before
                        )
                    );
                SET changed = @@row_count;
                SET is_changed = TRUE;
            EXCEPTION WHEN ERROR THEN
                IF waited_seconds >= {{ automation.lock_wait_seconds }} THEN
                    RAISE;
                END IF;
                CALL `{{ project }}`.`{{ dataset }}`.pause_before_retry(waited_seconds);
            END;
        END WHILE;
        CALL `{{ project }}`.`{{ dataset }}`.finish_job_run(run, 'SUCCESS', changed, NULL);
    EXCEPTION WHEN ERROR THEN
        SET failure = @@error.message;
        -- One that passes by itself is tried again, and reported by who tries (prepare_retry).
        IF NOT `{{ project }}`.`{{ dataset }}`.is_transient_error(failure) THEN
            CALL `{{ project }}`.`{{ dataset }}`.raise_alert(
                'WARNING',
                'Queue release failed',
                'release_schedule_requests',
                failure,
                NULL,
                run
            );
        END IF;
        CALL `{{ project }}`.`{{ dataset }}`.finish_job_run(run, 'FAILED', 0, failure);
        RAISE USING MESSAGE = failure;
    END;

    -- Once a day: this runs every 15 minutes, and an alert that was acknowledged would be back
    -- at the next run.
    -- cost: 1 of 96
    IF overdue.backlog > 0 AND NOT EXISTS (
        SELECT 1
        FROM `{{ project }}`.`{{ dataset }}`.automation_alerts
        WHERE
            alert_name = 'Queue backlog'
            AND alert_time >= TIMESTAMP_SUB(started, INTERVAL 1 DAY)
    ) THEN
        CALL `{{ project }}`.`{{ dataset }}`.raise_alert(
            'WARNING',
            'Queue backlog',
            'release_schedule_requests',
            FORMAT('%d requests are PENDING for more than {{ thresholds.queue_backlog_hours }} hours', overdue.backlog),
            JSON_OBJECT('pending', overdue.backlog),
            run
        );
    END IF;
END;
