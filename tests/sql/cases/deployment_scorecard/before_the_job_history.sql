-- case: a deployment at the edge of the job history has no day before it to compare with

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
        TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 259170 MINUTE),
        TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 30 MINUTE),
        INTERVAL 60 MINUTE
    )) AS started;

-- when
SELECT * FROM deployment_scorecard(TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 4308 HOUR), 7);

-- then
ASSERT (
    SELECT value_before IS NULL AND value_after = 24 * 6.25 AND points = 0 AND status = 'MISSING DATA'
    FROM deployment_scorecard(TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 4308 HOUR), 7)
    WHERE place = 3
) AS 'not judged';
