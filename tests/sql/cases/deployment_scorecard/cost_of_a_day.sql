-- case: costs are those of a day over whole days, whatever the lengths of the two spans

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
        TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 3630 MINUTE),
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
    2 * 1099511627776
FROM
    UNNEST(GENERATE_TIMESTAMP_ARRAY(
        TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 3570 MINUTE),
        TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 30 MINUTE),
        INTERVAL 60 MINUTE
    )) AS started;

-- when
SELECT * FROM deployment_scorecard(TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 60 HOUR), 7);

-- then
ASSERT (
    SELECT value_before = 24 * 6.25 AND value_after = 2 * 24 * 6.25 AND change_pct = 100 AND points = 0 AND status = 'WORSE'
    FROM deployment_scorecard(TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 60 HOUR), 7)
    WHERE place = 3
) AS 'seven days before, two after';
ASSERT (
    SELECT status = 'REVIEW'
    FROM deployment_scorecard(TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 60 HOUR), 7)
    WHERE place = 6
) AS 'what is worse is looked at';
UPDATE job_history
SET total_bytes_billed = 1099511627776
WHERE creation_time >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 60 HOUR);
ASSERT (
    SELECT change_pct = 0 AND points = 20 AND status = 'MET'
    FROM deployment_scorecard(TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 60 HOUR), 7)
    WHERE place = 3
) AS 'the same cost a day';
