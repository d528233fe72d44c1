CREATE TABLE IF NOT EXISTS `{{ project }}`.`{{ dataset }}`.schedule_generation_queue (
    page_name STRING NOT NULL OPTIONS (description = 'Creator page'),
    execution_date DATE NOT NULL OPTIONS (description = 'Business day that asked for the schedule'),
    status STRING NOT NULL OPTIONS (description = 'PENDING, PROCESSING, COMPLETED, FAILED or CANCELLED'),
    saturation_pct FLOAT64 OPTIONS (description = 'Saturation of the page when it was queued, in percent'),
    created_at TIMESTAMP NOT NULL OPTIONS (description = 'When the request was queued'),
    claimed_at TIMESTAMP OPTIONS (description = 'When a builder last took the request'),
    claimed_by STRING OPTIONS (description = 'Builder that last took the request'),
    completed_at TIMESTAMP OPTIONS (description = 'When the request reached its final status'),
    attempts INT64 NOT NULL OPTIONS (description = 'Attempts that have failed'),
    error_message STRING OPTIONS (description = 'Why the newest attempt failed'),
    run_id STRING OPTIONS (description = 'Run of etl_job_runs that queued the request')
)
PARTITION BY execution_date
CLUSTER BY status, page_name
OPTIONS (
    description = 'Requests for a schedule, handed to the schedule builder. One row per page and execution date.',
    partition_expiration_days = {{ retention.log_days }}
);
