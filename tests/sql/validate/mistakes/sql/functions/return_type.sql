CREATE OR REPLACE FUNCTION `{{ project }}`.`{{ dataset }}`.return_type(amount INT64)
RETURNS DATE
AS (
    amount * 2 -- ! wrong-type amount
);
