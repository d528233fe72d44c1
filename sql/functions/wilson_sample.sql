CREATE OR REPLACE FUNCTION `{{ project }}`.`{{ dataset }}`.wilson_sample(successes INT64, failures INT64)
RETURNS FLOAT64
OPTIONS (
    description = 'A uniform random number inside the Wilson bounds. Not a Beta draw: beta_draws is. Not repeatable, so no query that uses it is cached.'
)
AS (
    `{{ project }}`.`{{ dataset }}`.wilson_score_bounds(successes, failures).lower_bound
    + RAND() * (
        `{{ project }}`.`{{ dataset }}`.wilson_score_bounds(successes, failures).upper_bound
        - `{{ project }}`.`{{ dataset }}`.wilson_score_bounds(successes, failures).lower_bound
    )
);
