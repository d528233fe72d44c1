-- case: a first look that fails is a failed run, and raises an alert
-- settings: {"automation": {"queue_lease_minutes": 61}}
-- raises: schedule_generation_queue

-- given
DROP TABLE schedule_generation_queue;

-- when
CALL release_schedule_requests();

-- then
ASSERT (
    SELECT STRING_AGG(CONCAT(job_name, ' ', status))
    FROM etl_job_runs
    WHERE STRPOS(error_message, 'schedule_generation_queue') > 0
) = 'release_schedule_requests FAILED' AS 'run';
ASSERT (SELECT STRING_AGG(CONCAT(alert_level, ' ', alert_name)) FROM automation_alerts) = 'WARNING Queue release failed' AS 'alert';
