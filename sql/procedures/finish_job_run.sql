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
    CALL `{{ project }}`.`{{ dataset }}`.close_job_run(for_run, final_status, affected, failure, NULL, NULL, NULL, NULL);
END;
