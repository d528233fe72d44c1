-- case: the bounds equal the table of the specification to four digits

-- when
SELECT wilson_score_bounds(50, 50);

-- then
ASSERT NOT EXISTS(
    SELECT *
    FROM UNNEST([
        STRUCT(50 AS s, 50 AS f, 0.403830 AS lower_bound, 0.596170 AS upper_bound),
        STRUCT(500, 500, 0.469069, 0.530931),
        STRUCT(80, 20, 0.711169, 0.866634),
        STRUCT(5, 95, 0.021543, 0.111752),
        STRUCT(1, 1, 0.094529, 0.905471),
        STRUCT(1, 0, 0.206543, 1.0),
        STRUCT(0, 1, 0.0, 0.793457),
        STRUCT(0, 10, 0.0, 0.277540),
        STRUCT(10, 0, 0.722460, 1.0)
    ]) AS expected
    WHERE
        ABS(wilson_score_bounds(expected.s, expected.f).lower_bound - expected.lower_bound) > 1e-4
        OR ABS(wilson_score_bounds(expected.s, expected.f).upper_bound - expected.upper_bound) > 1e-4
) AS 'a bound differs from the table';
