-- case: errors that pass by themselves, and errors that last

-- when
ASSERT (SELECT LOGICAL_AND(is_transient_error(message)) FROM UNNEST([
    'An internal error occurred and the request could not be completed.',
    'The job encountered an error during execution. Retrying the job may solve the problem.',
    'Exceeded rate limits: too many concurrent queries for this project_and_region.',
    'Transaction is aborted due to concurrent update against table p:d.t.',
    'Resources exceeded during query execution: Too many DML statements outstanding against table p:d.t, limit is 20.'
]) AS message) AS 'passing';
ASSERT (SELECT NOT LOGICAL_OR(is_transient_error(message)) FROM UNNEST([
    'Not found: Table p:d.t',
    'Access Denied: Table p:d.t',
    'Division by zero',
    'Custom quota exceeded: Your usage exceeded the custom quota for QueryUsagePerDay',
    ''
]) AS message) AS 'lasting';

-- then
ASSERT NOT is_transient_error(NULL) AS 'no message';
