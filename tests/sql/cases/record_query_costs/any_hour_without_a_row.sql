-- case: every hour without a row is filled, after two months of standstill and between hours that have one; an hour without a query is written once

-- given
INSERT INTO cost_monitoring (window_start, window_end, statement_type, query_count, bytes_processed, bytes_billed, estimated_cost_usd)
SELECT
    hour_start,
    TIMESTAMP_ADD(hour_start, INTERVAL 1 HOUR),
    'SELECT',
    7,
    7,
    7,
    7
FROM UNNEST([
    TIMESTAMP_SUB(TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), HOUR), INTERVAL 1440 HOUR),
    TIMESTAMP_SUB(TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), HOUR), INTERVAL 5 HOUR)
]) AS hour_start;
INSERT INTO job_history (creation_time, start_time, end_time, job_id, job_type, statement_type, state, total_bytes_processed, total_bytes_billed, labels)
SELECT
    moment,
    moment,
    moment,
    CAST(moment AS STRING),
    'QUERY',
    'SELECT',
    'DONE',
    1,
    1,
    []
FROM UNNEST([
    TIMESTAMP_SUB(TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), HOUR), INTERVAL 1500 HOUR),
    TIMESTAMP_SUB(TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), HOUR), INTERVAL 1439 HOUR),
    TIMESTAMP_SUB(TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), HOUR), INTERVAL 800 HOUR),
    TIMESTAMP_SUB(TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), HOUR), INTERVAL 6 HOUR),
    TIMESTAMP_SUB(TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), HOUR), INTERVAL 1 HOUR)
]) AS moment;

-- when
CALL record_query_costs();

-- then
ASSERT (
    SELECT STRING_AGG(
        FORMAT('%d: %d', TIMESTAMP_DIFF(TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), HOUR), window_start, HOUR), query_count),
        ', '
        ORDER BY window_start
    )
    FROM cost_monitoring
    WHERE statement_type = 'SELECT'
) = '1440: 7, 1439: 1, 800: 1, 6: 1, 5: 7, 1: 1' AS 'each hour with what the job history says of it, since the first that was written';
ASSERT (
    SELECT COUNT(*) = 1440 AND COUNT(DISTINCT window_start) = 1440 AND MAX(window_end) = TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), HOUR)
    FROM cost_monitoring
) AS 'an hour without a query has a row, too';
-- A query of a quiet hour that was at work for longer.
INSERT INTO job_history (creation_time, start_time, end_time, job_id, job_type, statement_type, state, total_bytes_processed, total_bytes_billed, labels)
SELECT
    TIMESTAMP_SUB(TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), HOUR), INTERVAL 2 HOUR),
    TIMESTAMP_SUB(TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), HOUR), INTERVAL 2 HOUR),
    CURRENT_TIMESTAMP(),
    'long',
    'QUERY',
    'SELECT',
    'DONE',
    1,
    1,
    [];
CALL record_query_costs();
ASSERT (
    SELECT STRING_AGG(FORMAT('%s %d', statement_type, query_count))
    FROM cost_monitoring
    WHERE window_start = TIMESTAMP_SUB(TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), HOUR), INTERVAL 2 HOUR)
) = 'SELECT 1' AS 'counted as soon as it ends';
ASSERT (SELECT COUNT(*) FROM cost_monitoring) = 1440 AS 'nothing twice';
