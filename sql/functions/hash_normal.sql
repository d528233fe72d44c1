CREATE OR REPLACE FUNCTION `{{ project }}`.`{{ dataset }}`.hash_normal(digest STRING, part INT64)
RETURNS FLOAT64
OPTIONS (
    description = 'A standard normal number from the first 26 digits of a hexadecimal digest. Parts 0 and 1 are independent of each other.'
)
AS (
    -- Box and Muller: two uniform numbers make two independent normal ones.
    SQRT(-2 * LN(`{{ project }}`.`{{ dataset }}`.hash_uniform(digest, 0)))
    * IF(
        part = 0,
        COS(2 * ACOS(-1) * `{{ project }}`.`{{ dataset }}`.hash_uniform(digest, 1)),
        SIN(2 * ACOS(-1) * `{{ project }}`.`{{ dataset }}`.hash_uniform(digest, 1))
    )
);
