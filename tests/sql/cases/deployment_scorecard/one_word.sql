-- case: a change after which everything is as before is not worse, and needs no review

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
        TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 13650 MINUTE),
        TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 30 MINUTE),
        INTERVAL 60 MINUTE
    )) AS started;

-- when
SELECT * FROM deployment_scorecard(TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 60 HOUR), 7);

-- then
ASSERT (
    SELECT points = 40 AND status = 'NOT WORSE'
    FROM deployment_scorecard(TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 60 HOUR), 7)
    WHERE place = 6
) AS 'two criteria met, none worse';
ASSERT (
    SELECT status = 'NOT WORSE' AND points = 0
    FROM deployment_scorecard(TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 60 HOUR), 7)
    WHERE place = 1
) AS 'queries are as fast as before';
ASSERT (
    SELECT status = 'MISSING DATA'
    FROM deployment_scorecard(TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), 7)
    WHERE place = 4
) AS 'nothing was sent';
