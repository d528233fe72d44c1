CREATE OR REPLACE FUNCTION `{{ project }}`.`{{ dataset }}`.gamma_candidate(shape FLOAT64, normal FLOAT64, uniform FLOAT64)
RETURNS FLOAT64
OPTIONS (
    description = 'One try at a Gamma(shape, 1) draw from a standard normal and a uniform number; NULL when it is rejected, which happens to at most 1 in 20. Shape at least 1.'
)
AS (
    -- Marsaglia and Tsang, A Simple Method for Generating Gamma Variables, ACM TOMS 26
    -- (2000): d = shape - 1/3, v = (1 + normal / sqrt(9 d))^3, accepted when
    -- ln(uniform) < normal^2 / 2 + d (1 - v + ln v).
    IF(
        1 + normal / SQRT(9 * shape - 3) > 0
        AND LN(uniform) < 0.5 * normal * normal
        + (shape - 1 / 3) * (
            1
            - POW(1 + normal / SQRT(9 * shape - 3), 3)
            + 3 * LN(GREATEST(1 + normal / SQRT(9 * shape - 3), 1e-300))
        ),
        (shape - 1 / 3) * POW(1 + normal / SQRT(9 * shape - 3), 3),
        NULL
    )
);
