CREATE OR REPLACE FUNCTION `{{ project }}`.`{{ dataset }}`.rate(successes INT64, trials INT64)
RETURNS FLOAT64
AS (
    SAFE_DIVIDE(successes, trials)
);
