CREATE TABLE IF NOT EXISTS `{{ project }}`.`{{ dataset }}`.job_history (
    creation_time TIMESTAMP NOT NULL OPTIONS (description = 'When the job was created'),
    start_time TIMESTAMP OPTIONS (description = 'When the job started'),
    end_time TIMESTAMP OPTIONS (description = 'When the job ended'),
    job_id STRING NOT NULL OPTIONS (description = 'Job'),
    parent_job_id STRING OPTIONS (description = 'Script that the job belongs to'),
    project_id STRING OPTIONS (description = 'Project that ran the job'),
    user_email STRING OPTIONS (description = 'Who ran the job'),
    job_type STRING OPTIONS (description = 'QUERY, LOAD, EXTRACT or COPY'),
    statement_type STRING OPTIONS (description = 'Kind of statement; SCRIPT for the parent of a script'),
    state STRING OPTIONS (description = 'PENDING, RUNNING or DONE'),
    total_bytes_processed INT64 OPTIONS (description = 'Bytes read'),
    total_bytes_billed INT64 OPTIONS (description = 'Bytes billed; the parent of a script repeats the sum of its children'),
    total_slot_ms INT64 OPTIONS (description = 'Slot time in milliseconds'),
    cache_hit BOOL OPTIONS (description = 'TRUE when the result came from the cache'),
    error_result STRUCT<reason STRING, message STRING> OPTIONS (description = 'Why the job failed'),
    labels ARRAY<STRUCT<key STRING, value STRING>> OPTIONS (description = 'Labels of the job'),
    query STRING OPTIONS (description = 'Text of the statement')
)
PARTITION BY DATE(creation_time)
CLUSTER BY user_email
OPTIONS (
    description = 'Job history of the local stack: the columns of INFORMATION_SCHEMA.JOBS_BY_PROJECT that the SQL of this project reads.',
    partition_expiration_days = {{ retention.log_days }}
);
