CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.start_job_run(
    new_run STRING,
    for_job STRING,
    for_date DATE,
    lease_seconds INT64,
    OUT is_open BOOL
)
OPTIONS (
    description = 'Opens the row of a run in etl_job_runs, unless another run of the job is at work, or did the work while this call waited: then no row is written and is_open is false. A run that is older than the lease counts as dead. A run that cannot be opened gets a row with status FAILED, and the call fails.'
)
BEGIN
    DECLARE wanted_lock STRING DEFAULT CONCAT('job/', for_job);
    DECLARE asked_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP();
    DECLARE is_settled BOOL DEFAULT FALSE;
    DECLARE waited_seconds FLOAT64 DEFAULT 0;
    DECLARE failure STRING;

    -- Whoever takes a lock updates automation_locks, so BigQuery aborts all but one of the
    -- transactions that do so at the same moment, be it for another lock. The others try
    -- again, and then see the run that was opened.
    WHILE NOT is_settled DO
        BEGIN
            CALL `{{ project }}`.`{{ dataset }}`.ensure_lock(wanted_lock);
            BEGIN TRANSACTION;
            BEGIN
                UPDATE `{{ project }}`.`{{ dataset }}`.automation_locks
                SET
                    version = version + 1,
                    locked_at = CURRENT_TIMESTAMP()
                WHERE lock_name = wanted_lock;

                INSERT INTO `{{ project }}`.`{{ dataset }}`.etl_job_runs (
                    run_id,
                    job_name,
                    execution_date,
                    job_start_time,
                    status
                )
                SELECT
                    new_run,
                    for_job,
                    for_date,
                    CURRENT_TIMESTAMP(),
                    'RUNNING'
                FROM UNNEST([1])
                WHERE NOT EXISTS (
                    SELECT 1
                    FROM `{{ project }}`.`{{ dataset }}`.etl_job_runs
                    WHERE
                        job_name = for_job
                        AND (
                            (
                                status = 'RUNNING'
                                AND job_start_time > TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL lease_seconds SECOND)
                            )
                            -- While this call waited another did the work.
                            OR (
                                status != 'FAILED'
                                AND execution_date = for_date
                                AND job_end_time >= asked_at
                            )
                        )
                        AND job_start_time > TIMESTAMP_SUB(asked_at, INTERVAL lease_seconds SECOND)
                );
                -- Not the number of rows: a COMMIT may have succeeded and still be reported as failed.
                SET is_open = EXISTS (
                    SELECT 1
                    FROM `{{ project }}`.`{{ dataset }}`.etl_job_runs
                    WHERE
                        run_id = new_run
                        AND job_start_time >= TIMESTAMP_SUB(asked_at, INTERVAL 1 DAY)
                );
                COMMIT TRANSACTION;
            EXCEPTION WHEN ERROR THEN
                BEGIN
                    ROLLBACK TRANSACTION;
                EXCEPTION WHEN ERROR THEN
                    -- It is over already; the first error is the one to tell.
                    SET is_settled = FALSE;
                END;
                RAISE;
            END;
            SET is_settled = TRUE;
        EXCEPTION WHEN ERROR THEN
            SET failure = @@error.message;
            IF waited_seconds >= {{ automation.lock_wait_seconds }} THEN
                SET failure = CONCAT('the run of ', for_job, ' could not be opened: ', failure);
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
                    new_run,
                    for_job,
                    for_date,
                    asked_at,
                    CURRENT_TIMESTAMP(),
                    TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), asked_at, MILLISECOND) / 1000,
                    'FAILED',
                    failure
                );
                RAISE USING MESSAGE = failure;
            END IF;
            CALL `{{ project }}`.`{{ dataset }}`.pause_before_retry(waited_seconds);
        END;
    END WHILE;
END;
