CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.start_job_run(
    new_run STRING,
    for_job STRING,
    for_date DATE,
    lease_seconds INT64
)
OPTIONS (
    description = 'Opens the row of a run in etl_job_runs, unless another run of the job is at work: then no row is written. A run that is older than the lease counts as dead. The caller looks for its row.'
)
BEGIN
    DECLARE wanted_lock STRING DEFAULT CONCAT('job/', for_job);
    DECLARE tries_left INT64 DEFAULT 10;

    CALL `{{ project }}`.`{{ dataset }}`.ensure_lock(wanted_lock);

    -- A duplicate start of a scheduled query comes at the same moment. Both transactions
    -- update the lock row, so BigQuery aborts one; it tries again and then sees the other.
    WHILE tries_left > 0 DO
        SET tries_left = tries_left - 1;
        BEGIN
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
                        AND status = 'RUNNING'
                        AND job_start_time > TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL lease_seconds SECOND)
                );
                COMMIT TRANSACTION;
            EXCEPTION WHEN ERROR THEN
                ROLLBACK TRANSACTION;
                RAISE;
            END;
            SET tries_left = -1;
        EXCEPTION WHEN ERROR THEN
            IF tries_left = 0 THEN
                RAISE USING MESSAGE = CONCAT('the run of ', for_job, ' could not be opened: ', @@error.message);
            END IF;
        END;
    END WHILE;
END;
