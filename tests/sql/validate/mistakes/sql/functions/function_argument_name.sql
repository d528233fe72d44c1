CREATE OR REPLACE FUNCTION `{{ project }}`.`{{ dataset }}`.function_argument_name(amount INT64)
RETURNS INT64
AS (
    amout + 1 -- ! unknown-column amout
);
