CREATE OR REPLACE FUNCTION `{{ project }}`.`{{ dataset }}`.hash_uniform(digest STRING, part INT64)
RETURNS FLOAT64
OPTIONS (
    description = 'A number strictly between 0 and 1 from 52 bits of a hexadecimal digest. Part 0 is the first 13 digits, part 1 the next 13, and so on.'
)
AS (
    (CAST(CONCAT('0x', SUBSTR(digest, 13 * part + 1, 13)) AS INT64) + 0.5) / 4503599627370496.0
);
