-- case: a mistake of who wrote or called something is no failure of the system

-- given
INSERT INTO job_history (job_id, creation_time, start_time, end_time, job_type, statement_type, state, error_result, labels)
SELECT
    FORMAT('job_%d', n),
    TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 10 MINUTE),
    TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 10 MINUTE),
    TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 9 MINUTE),
    'QUERY',
    'SELECT',
    'DONE',
    STRUCT(
        'invalidQuery' AS reason,
        CASE
            WHEN n BETWEEN 10 AND 19 THEN 'Syntax error: Expected end of input but got keyword FROM at [1:1]'
            WHEN n BETWEEN 20 AND 29 THEN 'Query error: refused: no open alert is named A4 at [p.d.acknowledge_alert:106:9]'
            WHEN n = 54 THEN 'Connection refused: connect to the remote database'
            ELSE 'Unrecognized name: earnings at [1:8]'
        END AS message
    ),
    CASE
        WHEN n BETWEEN 30 AND 39 THEN [STRUCT('component' AS key, 'eros_command' AS value)]
        WHEN n BETWEEN 40 AND 49 THEN [STRUCT('component' AS key, 'update_caption_performance' AS value)]
        ELSE []
    END
FROM UNNEST(GENERATE_ARRAY(10, 54)) AS n;

-- when
CALL record_health_check();

-- then
ASSERT (
    SELECT failed_queries = 15
    FROM health_checks
    ORDER BY check_timestamp DESC
    LIMIT 1
) AS 'those of a procedure and of a text whose names are unknown count: 10 and 5';
