CREATE OR REPLACE FUNCTION `{{ project }}`.`{{ dataset }}`.wilson_score_bounds(successes INT64, failures INT64)
RETURNS STRUCT<lower_bound FLOAT64, upper_bound FLOAT64>
OPTIONS (
    description = 'Wilson score interval (95%, z = 1.96) of a success rate, inside [0, 1] for any counts. NULL and negative counts are 0; without a trial the interval is (0, 1).'
)
AS (
    -- With s successes and f failures, n = s + f:
    --   centre     (s + z^2 / 2) / (n + z^2)
    --   half width z * sqrt(s * f / n + z^2 / 4) / (n + z^2)
    -- in FLOAT64 throughout, because s + f can exceed INT64. Without a success the lower
    -- bound is 0 exactly, without a failure the upper bound is 1: rounding would leave
    -- them a hair inside or outside.
    (
        SELECT AS STRUCT
            IF(s = 0, 0.0, GREATEST(0.0, centre - half_width)) AS lower_bound,
            IF(f = 0, 1.0, LEAST(1.0, centre + half_width)) AS upper_bound
        FROM (
            SELECT
                s,
                f,
                (s + 1.9208) / (s + f + 3.8416) AS centre,
                1.96 * SQRT(COALESCE(SAFE_DIVIDE(s * f, s + f), 0.0) + 0.9604) / (s + f + 3.8416) AS half_width
            FROM (
                SELECT
                    CAST(`{{ project }}`.`{{ dataset }}`.non_negative(successes) AS FLOAT64) AS s,
                    CAST(`{{ project }}`.`{{ dataset }}`.non_negative(failures) AS FLOAT64) AS f
            )
        )
    )
);
