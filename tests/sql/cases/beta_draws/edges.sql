-- case: a shape that is not positive has no draw, shapes below one do

-- when
SELECT 1;

-- then
ASSERT (
    SELECT COUNTIF(draw IS NULL)
    FROM beta_draws([
        STRUCT('zero' AS arm, 0.0 AS alpha, 1.0 AS beta),
        STRUCT('negative' AS arm, 1.0 AS alpha, -1.0 AS beta),
        STRUCT('small' AS arm, 0.5 AS alpha, 0.5 AS beta),
        STRUCT('large' AS arm, 1000000.0 AS alpha, 9000000.0 AS beta)
    ], 1)
) = 2 AS 'exactly the two impossible arms have no draw';
ASSERT (
    SELECT LOGICAL_AND(draw BETWEEN 0.09 AND 0.11)
    FROM beta_draws([STRUCT('large' AS arm, 1000000.0 AS alpha, 9000000.0 AS beta)], 1)
) AS 'a sharp distribution draws near its mean';
