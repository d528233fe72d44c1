CREATE OR REPLACE FUNCTION `{{ project }}`.`{{ dataset }}`.is_transient_error(message STRING)
RETURNS BOOL
OPTIONS (
    description = 'Whether an error of BigQuery passes by itself, so that the same statement may succeed a moment later: its own faults, limits of rate, and meetings with other statements. By the texts of https://cloud.google.com/bigquery/docs/error-messages.'
)
AS (
    REGEXP_CONTAINS(
        COALESCE(message, ''),
        r'(?i)retrying (the job )?(may|with)|internal error|backend ?error|visibility error|exceeded rate limits|due to concurrent update|too many dml statements outstanding'
    )
);
