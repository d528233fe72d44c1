CREATE OR REPLACE TABLE FUNCTION `{{ project }}`.`{{ dataset }}`.alert_readings(moment TIMESTAMP)  -- noqa: LT01
OPTIONS (
    description = 'One row per rule of config/alerts.yaml that SQL judges: its value and limits. A value of NULL says that there is nothing to judge.'
)
AS (
    WITH figures AS (
        SELECT
            -- noqa: disable=LT02
{% for name, query in alerts.sources.items() %}
            (
                SELECT source
                FROM (
                    {{ query | trim | indent(20) }}
                ) AS source
                LIMIT 1  -- noqa: AM09
            ) AS {{ name }}{{ '' if loop.last else ',' }}
{% endfor %}
    )

    SELECT
        rules.rule_id,
        rules.title,
        rules.severity,
        rules.value,
        rules.open_limit,
        rules.resolve_limit,
        rules.is_below,
        rules.hold_minutes,
        rules.repeat_minutes,
        rules.escalate_minutes,
        rules.superseded_by,
        COALESCE(IF(rules.is_below, rules.value < rules.open_limit, rules.value > rules.open_limit), FALSE) AS is_beyond
    FROM figures
    CROSS JOIN UNNEST([
        {% for rule in alerts.evaluated %}
        STRUCT(
            '{{ rule.id }}' AS rule_id,
            '{{ rule.title }}' AS title,
            '{{ rule.severity }}' AS severity,
            CAST({{ rule.value }} AS FLOAT64) AS value,
            {{ rule.limit }} AS open_limit,
            {{ rule.resolves }} AS resolve_limit,
            {{ rule.is_below | upper }} AS is_below,
            {{ rule.hold }} AS hold_minutes,
            {{ rule.repeat_every or 'CAST(NULL AS INT64)' }} AS repeat_minutes,
            {{ rule.escalate_after or 'CAST(NULL AS INT64)' }} AS escalate_minutes,
            SPLIT('{{ rule.superseded_by | join(',') }}') AS superseded_by
        ){{ '' if loop.last else ',' }}
        {% endfor %}
    ]) AS rules
);
