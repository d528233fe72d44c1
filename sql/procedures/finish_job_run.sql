CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.finish_job_run(
    for_run STRING,
    final_status STRING,
    affected INT64,
    failure STRING
)
OPTIONS (
    description = 'Closes the row of a run in etl_job_runs with its end, duration and final status.'
)
BEGIN
    UPDATE `{{ project }}`.`{{ dataset }}`.etl_job_runs
    SET
        status = final_status,
        job_end_time = CURRENT_TIMESTAMP(),
        duration_seconds = TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), job_start_time, MILLISECOND) / 1000,
        rows_affected = affected,
        error_message = failure
    WHERE
        run_id = for_run
        AND status = 'RUNNING'
        AND job_start_time > TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 2 DAY);
END;
