CREATE TABLE IF NOT EXISTS `{{ project }}`.`{{ dataset }}`.cost_monitoring (
    window_start TIMESTAMP NOT NULL OPTIONS (description = 'Start of the hour'),
    window_end TIMESTAMP NOT NULL OPTIONS (description = 'End of the hour'),
    statement_type STRING NOT NULL OPTIONS (description = 'Kind of statement, as in the job history'),
    query_count INT64 NOT NULL OPTIONS (description = 'Queries created in the hour'),
    bytes_processed INT64 NOT NULL OPTIONS (description = 'Bytes read'),
    bytes_billed INT64 NOT NULL OPTIONS (description = 'Bytes billed'),
    estimated_cost_usd FLOAT64 NOT NULL OPTIONS (description = 'Bytes billed at the on-demand price, in US dollars'),
    p50_ms FLOAT64 OPTIONS (description = 'Median duration in milliseconds'),
    p95_ms FLOAT64 OPTIONS (description = '95th percentile of the durations in milliseconds'),
    p99_ms FLOAT64 OPTIONS (description = '99th percentile of the durations in milliseconds')
)
PARTITION BY DATE(window_start)
OPTIONS (
    description = 'Hourly cost and latency of queries by statement type.',
    partition_expiration_days = {{ retention.log_days }},
    require_partition_filter = TRUE
);
