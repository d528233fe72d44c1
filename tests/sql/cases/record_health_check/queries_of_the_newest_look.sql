-- case: the queries are those of the newest look at the limits of the runs, unless somebody asks

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
SELECT
    FORMAT('c%03d', x),
    'p',
    CONCAT('text ', CAST(x AS STRING)),
    TRUE,
    CURRENT_TIMESTAMP()
FROM UNNEST(GENERATE_ARRAY(1, 500)) AS x;
INSERT INTO job_history (creation_time, start_time, end_time, job_id, job_type, statement_type, state, labels)
SELECT
    TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR),
    TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR),
    TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR),
    CAST(x AS STRING),
    'QUERY',
    'SELECT',
    'DONE',
    []
FROM UNNEST(GENERATE_ARRAY(1, 7)) AS x;

-- when
CALL stop_overdue_runs();

-- then
ASSERT (SELECT value FROM stored_figures WHERE figure = 'queries') = 7 AS 'the look counts';
DELETE FROM job_history WHERE job_id IN ('1', '2', '3');
CALL record_health_check();
ASSERT (SELECT total_queries FROM health_checks) = 7 AS 'the check takes what the look has counted';
ASSERT (
    SELECT JSON_VALUE(checks.figures, '$.queries.counted_at') = JSON_VALUE(looks.details, '$.counted_at')
    FROM health_checks AS checks
    CROSS JOIN stored_figures AS looks
    WHERE looks.figure = 'queries'
) AS 'and says of when it is';
CALL record_health_check();
ASSERT (SELECT MAX_BY(total_queries, check_timestamp) FROM health_checks) = 4 AS 'who asks gets a count';
