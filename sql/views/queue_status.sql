CREATE OR REPLACE VIEW `{{ project }}`.`{{ dataset }}`.queue_status
OPTIONS (
    description = 'Monitoring query 10: requests of the last 30 days by execution date and status, with the age of the oldest in minutes.'
)
AS
SELECT
    execution_date,
    status,
    COUNT(*) AS requests,
    MIN(created_at) AS oldest_created_at,
    TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), MIN(created_at), MINUTE) AS max_age_minutes
FROM `{{ project }}`.`{{ dataset }}`.schedule_generation_queue
WHERE execution_date >= DATE_SUB(CURRENT_DATE('{{ time_zone }}'), INTERVAL 30 DAY)
GROUP BY
    execution_date,
    status;
