-- case: no cost is judged before a day is over, however much the first hour costs

-- given
INSERT INTO job_history (creation_time, start_time, end_time, job_id, job_type, statement_type, state, total_bytes_billed)
SELECT
    started,
    started,
    TIMESTAMP_ADD(started, INTERVAL 2 SECOND),
    FORMAT_TIMESTAMP('%s', started),
    'QUERY',
    'SELECT',
    'DONE',
    1 * 1099511627776
FROM
    UNNEST(GENERATE_TIMESTAMP_ARRAY(
        TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 10080 MINUTE),
        TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 90 MINUTE),
        INTERVAL 60 MINUTE
    )) AS started;
INSERT INTO job_history (creation_time, start_time, end_time, job_id, job_type, statement_type, state, total_bytes_billed)
SELECT
    started,
    started,
    TIMESTAMP_ADD(started, INTERVAL 2 SECOND),
    FORMAT_TIMESTAMP('%s', started),
    'QUERY',
    'SELECT',
    'DONE',
    60 * 1099511627776
FROM
    UNNEST(GENERATE_TIMESTAMP_ARRAY(
        TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 60 MINUTE),
        TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 0 MINUTE),
        INTERVAL 60 MINUTE
    )) AS started;

-- when
SELECT * FROM deployment_scorecard(TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 61 MINUTE), 7);

-- then
ASSERT (
    SELECT value_after IS NULL AND change_pct IS NULL AND points = 0 AND status = 'MISSING DATA'
    FROM deployment_scorecard(TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 61 MINUTE), 7)
    WHERE place = 3
) AS 'the cost is not judged';
ASSERT (
    SELECT value_after = 0 AND points = 20
    FROM deployment_scorecard(TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 61 MINUTE), 7)
    WHERE place = 2
) AS 'the error rate is';
