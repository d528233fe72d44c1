CREATE TABLE IF NOT EXISTS `{{ project }}`.`{{ dataset }}`.creator_processing_errors (
    run_id STRING NOT NULL OPTIONS (description = 'Run of etl_job_runs'),
    execution_date DATE OPTIONS (description = 'Business day of the run'),
    page_name STRING OPTIONS (description = 'Creator page'),
    step STRING OPTIONS (description = 'ANALYZE, or SKIPPED behind an open circuit breaker'),
    error_message STRING OPTIONS (description = 'What went wrong'),
    statement_text STRING OPTIONS (description = 'Statement that failed, when one did'),
    error_time TIMESTAMP NOT NULL OPTIONS (description = 'When the error was found')
)
PARTITION BY DATE(error_time)
CLUSTER BY page_name
OPTIONS (
    description = 'Creators that a daily run could not analyse, and why.',
    partition_expiration_days = {{ retention.log_days }},
    require_partition_filter = TRUE
);
