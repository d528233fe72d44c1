CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.close_job_run(
    for_run STRING,
    final_status STRING,
    affected INT64,
    failure STRING,
    looked_at INT64,
    succeeded INT64,
    failed INT64,
    queued INT64
)
OPTIONS (
    description = 'Closes the row of a run in etl_job_runs with its end, duration, final status and, for the daily run, how many creators it looked at, how many succeeded and failed, and how many requests it queued, and gives back the lease of the job.'
)
BEGIN
    DECLARE is_closed BOOL DEFAULT FALSE;
    DECLARE closed_rows INT64 DEFAULT 0;
    DECLARE waited_seconds FLOAT64 DEFAULT 0;

    -- BigQuery queues an UPDATE behind others of the table, but gives up on it in the end.
    WHILE NOT is_closed DO
        BEGIN
            UPDATE `{{ project }}`.`{{ dataset }}`.etl_job_runs
            SET
                status = final_status,
                job_end_time = CURRENT_TIMESTAMP(),
                duration_seconds = TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), job_start_time, MILLISECOND) / 1000,
                rows_affected = affected,
                error_message = failure,
                creators_total = looked_at,
                creators_processed = succeeded,
                creators_failed = failed,
                schedules_queued = queued
            WHERE
                run_id = for_run
                AND status = 'RUNNING'
                AND job_start_time > TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 2 DAY);
            SET closed_rows = @@row_count;
            SET is_closed = TRUE;
        EXCEPTION WHEN ERROR THEN
            IF waited_seconds >= {{ automation.lock_wait_seconds }} THEN
                RAISE;
            END IF;
            CALL `{{ project }}`.`{{ dataset }}`.pause_before_retry(waited_seconds);
        END;
    END WHILE;

    IF closed_rows = 0 THEN
        -- A run that was never opened has no lease.
        RETURN;
    END IF;
    -- The work is done: that its lease is not given back may not turn it into a failure.
    BEGIN
        -- A run holds the lease of its job and nothing else.
        CALL `{{ project }}`.`{{ dataset }}`.release_lock(NULL, for_run);
    EXCEPTION WHEN ERROR THEN
        CALL `{{ project }}`.`{{ dataset }}`.raise_alert(
            'INFO',
            'Lock not given back',
            'close_job_run',
            CONCAT('it ends by itself: ', @@error.message),
            NULL,
            for_run
        );
    END;
END;
