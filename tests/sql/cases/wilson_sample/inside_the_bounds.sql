-- case: a thousand samples stay inside the bounds and are not all the same

-- when
SELECT wilson_sample(50, 50);

-- then
ASSERT (
    SELECT LOGICAL_AND(sample BETWEEN 0.4038 AND 0.5962) AND COUNT(DISTINCT sample) > 900
    FROM (
        SELECT wilson_sample(50, 50) AS sample
        FROM UNNEST(GENERATE_ARRAY(1, 1000))
    )
) AS 'a sample lies outside the bounds, or they repeat';
ASSERT wilson_sample(NULL, NULL) BETWEEN 0 AND 1 AS 'NULL counts are 0';
