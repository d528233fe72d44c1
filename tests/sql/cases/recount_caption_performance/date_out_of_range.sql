-- case: a date of which no results are kept is refused before anything is read
-- raises: results of 365 days are kept

-- when
CALL recount_caption_performance(DATE '2001-01-01');

-- then
ASSERT (SELECT COUNT(*) FROM etl_job_runs) = 0 AS 'no run';
