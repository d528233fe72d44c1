CREATE OR REPLACE VIEW `{{ project }}`.`{{ dataset }}`.query_jobs
OPTIONS (
    description = 'Finished queries of the last 180 days, which is as long as BigQuery keeps them, one row per statement, the parents of scripts left out because they repeat the bytes of their statements, and those of sandboxes because each has a view of its own. These do not count as failures and have no error_reason: statements of a procedure that BigQuery aborted because another changed the same table, invalid SQL, calls that a procedure refuses, and queries of eros commands.'
)
AS
SELECT
    job_id,
    creation_time,
    COALESCE(statement_type, 'UNKNOWN') AS statement_type,
    {{ error_reason }} AS error_reason,
    COALESCE(total_bytes_processed, 0) AS bytes_processed,
    COALESCE(total_bytes_billed, 0) AS bytes_billed,
    TIMESTAMP_DIFF(end_time, start_time, MILLISECOND) AS duration_ms,
    -- Procedures and schedules label their statements with their component.
    EXISTS(
        SELECT 1
        FROM UNNEST(labels) AS label
        WHERE label.key = 'component' AND label.value != 'eros_command'
    ) AS is_automation,
    labels
FROM {{ jobs_view }}
WHERE
    creation_time >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 180 DAY)
    AND job_type = 'QUERY'
    AND state = 'DONE'
    AND COALESCE(statement_type, 'UNKNOWN') != 'SCRIPT'
    AND {{ own_jobs }};
