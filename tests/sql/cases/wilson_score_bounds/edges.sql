-- case: zero trials, NULL, negative and huge counts give ordered bounds inside 0 and 1

-- when
SELECT wilson_score_bounds(0, 0);

-- then
ASSERT wilson_score_bounds(0, 0).lower_bound = 0 AS 'no trial: lower bound 0';
ASSERT wilson_score_bounds(0, 0).upper_bound = 1 AS 'no trial: upper bound 1';
ASSERT wilson_score_bounds(NULL, NULL).upper_bound = 1 AS 'NULL counts are 0';
ASSERT wilson_score_bounds(-5, 10).lower_bound = 0 AS 'negative counts are 0';
ASSERT wilson_score_bounds(0, 10).lower_bound = 0 AS 'no success: lower bound exactly 0';
ASSERT wilson_score_bounds(10, 0).upper_bound = 1 AS 'no failure: upper bound exactly 1';
ASSERT wilson_score_bounds(9223372036854775807, 9223372036854775807).lower_bound BETWEEN 0.49 AND 0.5 AS 'huge counts';
