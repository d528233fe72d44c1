CREATE OR REPLACE FUNCTION `{{ project }}`.`{{ dataset }}`.dollars(cents INT64)
RETURNS FLOAT64
OPTIONS (description = 'Cents as dollars.')
AS (
    cents / 100
);
