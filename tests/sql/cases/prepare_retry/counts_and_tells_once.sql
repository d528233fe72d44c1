-- case: three delays after errors that pass, then one alert; other errors fail at once
-- settings: {"automation": {"retry_delays_seconds": [0, 0, 0]}}

-- when
DECLARE failures INT64 DEFAULT 0;
DECLARE told STRING DEFAULT '';
BEGIN
    CALL prepare_retry('job', 'WARNING', 'Syntax error', failures);
EXCEPTION WHEN ERROR THEN
    SET told = @@error.message;
END;
ASSERT told = 'Syntax error' AS 'no second try';
ASSERT failures = 0 AS 'not counted';
ASSERT (SELECT COUNT(*) FROM automation_alerts) = 0 AS 'the procedure alerts of it';
CALL prepare_retry('job', 'WARNING', 'Retrying may solve the problem.', failures);
CALL prepare_retry('job', 'WARNING', 'Could not serialize access to table t due to concurrent update', failures);
CALL prepare_retry('job', 'WARNING', 'An internal error occurred', failures);
ASSERT failures = 3 AS 'three retries';
ASSERT (SELECT COUNT(*) FROM automation_alerts) = 0 AS 'nothing has failed for good';
BEGIN
    CALL prepare_retry('job', 'WARNING', 'Exceeded rate limits: too many', failures);
EXCEPTION WHEN ERROR THEN
    SET told = @@error.message;
END;
ASSERT told = 'Exceeded rate limits: too many' AS 'the error itself';

-- then
ASSERT (SELECT STRING_AGG(CONCAT(source, ': ', message)) FROM automation_alerts) = 'job: failed 4 times: Exceeded rate limits: too many' AS 'one alert';
