CREATE OR REPLACE FUNCTION `{{ project }}`.`{{ dataset }}`.circle_two(n INT64)
RETURNS INT64
AS (
    `{{ project }}`.`{{ dataset }}`.circle_one(n)
);
