CREATE OR REPLACE TABLE FUNCTION `{{ project }}`.`{{ dataset }}`.judged_health(figures JSON, moment TIMESTAMP)  -- noqa: LT01
OPTIONS (
    description = 'One row: the health score of a check with these figures at this moment, 100 - 6 per warning - 20 per critical finding. CRITICAL with any critical finding, else WARNING at 90 or less. Reads no table.'
)
AS (
    SELECT
        moment AS check_timestamp,
        health_score,
        CASE
            WHEN critical > 0 THEN 'CRITICAL'
            WHEN health_score <= 90 THEN 'WARNING'
            ELSE 'HEALTHY'
        END AS status,
        checks_passed,
        checks_total,
        warnings,
        critical,
        details
    FROM (
        SELECT
            GREATEST(0, 100 - 6 * COUNTIF(level = 'WARNING') - 20 * COUNTIF(level = 'CRITICAL')) AS health_score,
            COUNT(DISTINCT check_number) - COUNT(DISTINCT IF(level = 'CRITICAL', check_number, NULL)) AS checks_passed,
            COUNT(DISTINCT check_number) AS checks_total,
            COUNTIF(level = 'WARNING') AS warnings,
            COUNTIF(level = 'CRITICAL') AS critical,
            TO_JSON(ARRAY_AGG(
                STRUCT(
                    check_name AS check_name,
                    finding AS finding,
                    value AS value,
                    warning_limit AS warning_limit,
                    critical_limit AS critical_limit,
                    level AS level
                )
                ORDER BY check_number, finding
            )) AS details
        FROM `{{ project }}`.`{{ dataset }}`.judged_findings(figures, moment)
    )
);
