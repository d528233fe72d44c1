CREATE TABLE IF NOT EXISTS `{{ project }}`.`{{ dataset }}`.schedule_export_log (
    export_timestamp TIMESTAMP NOT NULL OPTIONS (description = 'When the export ended'),
    page_name STRING OPTIONS (description = 'Creator page'),
    status STRING OPTIONS (description = 'SUCCESS or FAILED'),
    execution_time_seconds FLOAT64 OPTIONS (description = 'Duration of the export in seconds'),
    export_id STRING OPTIONS (description = 'Identifier of the export'),
    schedule_date DATE OPTIONS (description = 'Day that the schedule is for'),
    row_count INT64 OPTIONS (description = 'Messages exported'),
    destination STRING OPTIONS (description = 'Where the export went'),
    error_message STRING OPTIONS (description = 'Why the export failed')
)
PARTITION BY DATE(export_timestamp)
CLUSTER BY page_name, status
OPTIONS (
    description = 'Telemetry of schedule exports, written by the schedule builder.',
    partition_expiration_days = {{ retention.log_days }},
    require_partition_filter = TRUE
);
