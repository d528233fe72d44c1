CREATE TABLE IF NOT EXISTS `{{ project }}`.`{{ dataset }}`.etl_job_runs (
    run_id STRING NOT NULL OPTIONS (description = 'Identifier of the run'),
    job_name STRING NOT NULL OPTIONS (description = 'Procedure that ran'),
    execution_date DATE OPTIONS (description = 'Business day that the run is for'),
    job_start_time TIMESTAMP NOT NULL OPTIONS (description = 'Start of the run'),
    job_end_time TIMESTAMP OPTIONS (description = 'End of the run; NULL while it runs'),
    duration_seconds FLOAT64 OPTIONS (description = 'Duration of the run in seconds'),
    status STRING NOT NULL OPTIONS (description = 'RUNNING, SUCCESS, PARTIAL, FAILED or CIRCUIT_OPEN'),
    creators_total INT64 OPTIONS (description = 'Creators that the run had to look at'),
    creators_processed INT64 OPTIONS (description = 'Creators analysed without an error'),
    creators_failed INT64 OPTIONS (description = 'Creators whose analysis failed'),
    schedules_queued INT64 OPTIONS (description = 'Requests added to schedule_generation_queue'),
    rows_affected INT64 OPTIONS (description = 'Rows written to the main table of the job'),
    bytes_billed INT64 OPTIONS (description = 'Bytes billed for all statements of the run; filled in by record_query_costs'),
    error_message STRING OPTIONS (description = 'Why the run did not succeed')
)
PARTITION BY DATE(job_start_time)
CLUSTER BY job_name, status
OPTIONS (
    description = 'One row per run of a procedure.',
    partition_expiration_days = {{ retention.log_days }},
    require_partition_filter = TRUE
);
