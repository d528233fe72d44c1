CREATE OR REPLACE TABLE FUNCTION `{{ project }}`.`{{ dataset }}`.beta_draws(  -- noqa: LT01
    arms ARRAY<STRUCT<arm STRING, alpha FLOAT64, beta FLOAT64>>,
    seed INT64
)
OPTIONS (
    description = 'One exact draw from Beta(alpha, beta) for each arm; arms are distinct. The same seed and arm give the same draw. NULL where a shape is not positive.'
)
AS (
    -- A Beta draw is a ratio of Gamma draws. Their random numbers are hashes of seed, try
    -- and arm: SHA-256, because one digest holds all four numbers of a try.
    WITH shapes AS (
        SELECT
            candidates.arm,
            candidates.alpha,
            candidates.beta,
            IF(candidates.alpha < 1, candidates.alpha + 1, candidates.alpha) AS alpha_shape,
            IF(candidates.beta < 1, candidates.beta + 1, candidates.beta) AS beta_shape
        FROM UNNEST(arms) AS candidates
        WHERE candidates.alpha > 0 AND candidates.beta > 0
    ),

    first_tries AS (
        SELECT
            *,
            `{{ project }}`.`{{ dataset }}`.gamma_candidate(alpha_shape, alpha_normal, alpha_uniform) AS alpha_gamma,
            `{{ project }}`.`{{ dataset }}`.gamma_candidate(beta_shape, beta_normal, beta_uniform) AS beta_gamma
        FROM (
            SELECT
                *,
                `{{ project }}`.`{{ dataset }}`.hash_normal(digest, 0) AS alpha_normal,
                `{{ project }}`.`{{ dataset }}`.hash_normal(digest, 1) AS beta_normal,
                `{{ project }}`.`{{ dataset }}`.hash_uniform(digest, 2) AS alpha_uniform,
                `{{ project }}`.`{{ dataset }}`.hash_uniform(digest, 3) AS beta_uniform
            FROM (
                SELECT
                    *,
                    TO_HEX(SHA256(CONCAT(CAST(seed AS STRING), '/0/', arm))) AS digest
                FROM shapes
            )
        )
    ),

    -- Fifteen more tries for the few arms with a rejection: all of them fail once in 10^20.
    retries AS (
        SELECT
            arm,
            try_number,
            `{{ project }}`.`{{ dataset }}`.gamma_candidate(alpha_shape, alpha_normal, alpha_uniform) AS alpha_gamma,
            `{{ project }}`.`{{ dataset }}`.gamma_candidate(beta_shape, beta_normal, beta_uniform) AS beta_gamma
        FROM (
            SELECT
                *,
                `{{ project }}`.`{{ dataset }}`.hash_normal(digest, 0) AS alpha_normal,
                `{{ project }}`.`{{ dataset }}`.hash_normal(digest, 1) AS beta_normal,
                `{{ project }}`.`{{ dataset }}`.hash_uniform(digest, 2) AS alpha_uniform,
                `{{ project }}`.`{{ dataset }}`.hash_uniform(digest, 3) AS beta_uniform
            FROM (
                SELECT
                    first_tries.arm,
                    first_tries.alpha_shape,
                    first_tries.beta_shape,
                    try_number,
                    TO_HEX(
                        SHA256(CONCAT(CAST(seed AS STRING), '/', CAST(try_number AS STRING), '/', first_tries.arm))
                    ) AS digest
                FROM first_tries
                CROSS JOIN UNNEST(GENERATE_ARRAY(1, 15)) AS try_number
                WHERE first_tries.alpha_gamma IS NULL OR first_tries.beta_gamma IS NULL
            )
        )
    ),

    accepted AS (
        SELECT
            arm,
            MIN_BY(alpha_gamma, IF(alpha_gamma IS NULL, NULL, try_number)) AS alpha_gamma,
            MIN_BY(beta_gamma, IF(beta_gamma IS NULL, NULL, try_number)) AS beta_gamma
        FROM retries
        GROUP BY arm
    ),

    -- Gamma(a) for a below 1 is Gamma(a + 1) times a uniform number to the power 1 / a.
    gammas AS (
        SELECT
            first_tries.arm,
            COALESCE(first_tries.alpha_gamma, accepted.alpha_gamma)
            * IF(
                first_tries.alpha < 1,
                POW(
                    `{{ project }}`.`{{ dataset }}`.hash_uniform(TO_HEX(SHA256(CONCAT(CAST(seed AS STRING), '/boost/', first_tries.arm))), 0),
                    1 / first_tries.alpha
                ),
                1
            ) AS alpha_gamma,
            COALESCE(first_tries.beta_gamma, accepted.beta_gamma)
            * IF(
                first_tries.beta < 1,
                POW(
                    `{{ project }}`.`{{ dataset }}`.hash_uniform(TO_HEX(SHA256(CONCAT(CAST(seed AS STRING), '/boost/', first_tries.arm))), 1),
                    1 / first_tries.beta
                ),
                1
            ) AS beta_gamma
        FROM first_tries
        LEFT JOIN accepted ON first_tries.arm = accepted.arm
    )

    SELECT
        candidates.arm,
        SAFE_DIVIDE(gammas.alpha_gamma, gammas.alpha_gamma + gammas.beta_gamma) AS draw
    FROM UNNEST(arms) AS candidates
    LEFT JOIN gammas ON candidates.arm = gammas.arm
);
