CREATE TABLE IF NOT EXISTS `{{ project }}`.`{{ dataset }}`.lock_sweep_log (
    sweep_id STRING NOT NULL OPTIONS (description = 'Identifier of the sweep'),
    sweep_time TIMESTAMP NOT NULL OPTIONS (description = 'Start of the sweep'),
    expired_deactivated INT64 OPTIONS (description = 'Locks deactivated because their send date has passed'),
    stale_deactivated INT64 OPTIONS (description = 'Locks deactivated because they were too old'),
    active_before INT64 OPTIONS (description = 'Active locks before the sweep'),
    active_after INT64 OPTIONS (description = 'Active locks after the sweep'),
    bloat_detected BOOL OPTIONS (description = 'TRUE when more locks stay active than the warning limit'),
    duration_seconds FLOAT64 OPTIONS (description = 'Duration of the sweep in seconds'),
    status STRING NOT NULL OPTIONS (description = 'SUCCESS or FAILED'),
    error_message STRING OPTIONS (description = 'Why the sweep failed')
)
PARTITION BY DATE(sweep_time)
OPTIONS (
    description = 'One row per run of sweep_expired_caption_locks.',
    partition_expiration_days = {{ retention.log_days }},
    require_partition_filter = TRUE
);
