CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.start_job_run(
    new_run STRING,
    for_job STRING,
    for_date DATE,
    lease_seconds INT64,
    OUT is_open BOOL
)
OPTIONS (
    description = 'Takes the lease of the job and opens the row of a run in etl_job_runs, unless another run of the job is at work, or did the work while this call waited: then no row is written and is_open is false. close_job_run gives the lease back. A run that is older than the lease counts as dead. A run that cannot be opened gets a row with status FAILED, and the call fails.'
)
BEGIN
    DECLARE wanted_lock STRING DEFAULT CONCAT('job/', for_job);
    DECLARE asked_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP();
    DECLARE is_settled BOOL DEFAULT FALSE;
    DECLARE is_held BOOL DEFAULT FALSE;
    DECLARE is_new BOOL DEFAULT FALSE;
    DECLARE waited_seconds FLOAT64 DEFAULT 0;
    DECLARE failure STRING;

    SET is_open = FALSE;
    -- No transaction: BigQuery queues an UPDATE behind others of the table, but aborts a
    -- transaction that meets one.
    WHILE NOT is_settled DO
        BEGIN
            -- The lock may have two rows (ensure_lock), so nobody else may hold any of them.
            UPDATE `{{ project }}`.`{{ dataset }}`.automation_locks
            SET
                version = version + 1,
                locked_at = CURRENT_TIMESTAMP(),
                holder = new_run,
                held_until = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL lease_seconds SECOND)
            WHERE
                lock_name = wanted_lock
                AND NOT EXISTS (
                    SELECT 1
                    FROM `{{ project }}`.`{{ dataset }}`.automation_locks AS others
                    WHERE
                        others.lock_name = wanted_lock
                        AND others.holder != new_run
                        AND others.held_until > CURRENT_TIMESTAMP()
                );
            SET is_held = @@row_count > 0;
            SET is_new = FALSE;
            IF is_held THEN
                -- Guarded all the same: while this call waited another may have done the work.
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
                        (
                            job_name = for_job
                            AND (
                                (
                                    status = 'RUNNING'
                                    AND job_start_time > TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL lease_seconds SECOND)
                                )
                                OR (
                                    status != 'FAILED'
                                    AND execution_date = for_date
                                    AND job_end_time >= asked_at
                                )
                            )
                            -- An INSERT may have succeeded and still be reported as failed.
                            OR run_id = new_run
                        )
                        AND job_start_time > TIMESTAMP_SUB(asked_at, INTERVAL lease_seconds SECOND)
                );
                SET is_open = @@row_count > 0;
                -- cost: 1 of 100
                IF NOT is_open THEN
                    SET is_open = (
                        SELECT COUNT(*) > 0
                        FROM `{{ project }}`.`{{ dataset }}`.etl_job_runs
                        WHERE
                            run_id = new_run
                            AND job_start_time >= asked_at
                    );
                    IF NOT is_open THEN
                        CALL `{{ project }}`.`{{ dataset }}`.release_lock(wanted_lock, new_run);
                    END IF;
                END IF;
            ELSE
                -- The first run of a job makes its lock, and asks for it again.
                -- cost: 1 of 100
                BEGIN
                    SET is_new = NOT EXISTS (
                        SELECT 1
                        FROM `{{ project }}`.`{{ dataset }}`.automation_locks
                        WHERE lock_name = wanted_lock
                    );
                    IF is_new THEN
                        CALL `{{ project }}`.`{{ dataset }}`.ensure_lock(wanted_lock);
                    END IF;
                END;
            END IF;
            SET is_settled = NOT is_new;
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
