-- case: hours that nobody wrote down are made up for, however long it stood still

-- given
INSERT INTO cost_monitoring (window_start, window_end, statement_type, query_count, bytes_processed, bytes_billed, estimated_cost_usd)
VALUES (
    TIMESTAMP_SUB(TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), HOUR), INTERVAL 21 HOUR),
    TIMESTAMP_SUB(TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), HOUR), INTERVAL 20 HOUR),
    'SELECT', 7, 7, 7, 7
);
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
FROM UNNEST(GENERATE_TIMESTAMP_ARRAY(
    TIMESTAMP_SUB(TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), HOUR), INTERVAL 22 HOUR),
    TIMESTAMP_SUB(TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), HOUR), INTERVAL 1 HOUR),
    INTERVAL 1 HOUR
)) AS moment;

-- when
CALL record_query_costs();

-- then
ASSERT (
    SELECT COUNT(*) = 21 AND COUNT(DISTINCT window_start) = 21 AND SUM(query_count) = 27
    FROM cost_monitoring
    WHERE statement_type = 'SELECT'
) AS 'twenty hours with one query each, and the hour that was written before as it was';
