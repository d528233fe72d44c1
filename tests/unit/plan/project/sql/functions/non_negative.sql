CREATE OR REPLACE FUNCTION `{{ project }}`.`{{ dataset }}`.non_negative(amount INT64)
RETURNS INT64
OPTIONS (
    description = 'A count that can be trusted: NULL and negative numbers are 0.'
)
AS (
    GREATEST(COALESCE(amount, 0), 0)
);
