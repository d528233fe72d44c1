CREATE OR REPLACE FUNCTION `{{ project }}`.`{{ dataset }}`.metric_label(value FLOAT64)
RETURNS STRING
OPTIONS (
    description = 'A figure as the value of a job label, which takes no point: an integer as it is, anything else as millionths, 12.5 as 12500000e-6. NULL when it is no number.'
)
AS (
    CASE
        WHEN IS_NAN(value) OR IS_INF(value) THEN NULL
        WHEN value = ROUND(value) OR ABS(value) >= 1e12 THEN CAST(SAFE_CAST(ROUND(value) AS INT64) AS STRING)
        ELSE CONCAT(CAST(CAST(ROUND(value * 1000000) AS INT64) AS STRING), 'e-6')
    END
);
