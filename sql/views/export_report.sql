CREATE OR REPLACE VIEW `{{ project }}`.`{{ dataset }}`.export_report
OPTIONS (
    description = 'Exports of the last 7 days by day and status, with their mean duration in seconds. Read it newest day first.'
)
AS
SELECT
    DATE(export_timestamp) AS export_date,
    status,
    COUNT(*) AS exports,
    AVG(execution_time_seconds) AS avg_execution_time
FROM `{{ project }}`.`{{ dataset }}`.schedule_export_log
WHERE export_timestamp >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 7 DAY)
GROUP BY
    export_date,
    status;
