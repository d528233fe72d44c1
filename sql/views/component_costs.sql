CREATE OR REPLACE VIEW `{{ project }}`.`{{ dataset }}`.component_costs
OPTIONS (
    description = 'What the queries of the business day so far cost in US dollars, by their label component; the 30 dearest components.'
)
AS
SELECT
    component,
    COUNT(*) AS statements,
    SUM(bytes_billed) / POW(2, 40) * {{ prices.query_usd_per_tib }} AS cost_usd
FROM (
    SELECT
        bytes_billed,
        COALESCE(
            (
                SELECT MAX(label.value)
                FROM UNNEST(labels) AS label
                WHERE label.key = 'component'
            ),
            'none'
        ) AS component
    FROM `{{ project }}`.`{{ dataset }}`.query_jobs
    WHERE creation_time >= TIMESTAMP(CURRENT_DATE('{{ time_zone }}'), '{{ time_zone }}')
)
GROUP BY component
HAVING SUM(bytes_billed) > 0
ORDER BY cost_usd DESC
LIMIT 30;
