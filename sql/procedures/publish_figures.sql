CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.publish_figures(publisher STRING)
OPTIONS (
    description = 'Hands the figures of config/metrics.yaml that publisher answers for to Cloud Monitoring: as labels of a query, which BigQuery writes into its audit log. Sets the label of the statements that follow. What record_health_check answers for goes by publish_health_figures.'
)
BEGIN  -- noqa: disable=LT02
    {%- for view, source in metrics.items() if source.published_by != 'record_health_check' %}
    -- One publisher calls it every hour, the other every six: of seven calls six are of the first.
    -- cost: {{ 6 if source.published_by == 'record_query_costs' else 1 }} of 7
    IF publisher = '{{ source.published_by }}' THEN
        {%- for figures in source.figures.items() | batch(15) %}
        FOR reading IN (
            SELECT
                ARRAY_TO_STRING(
                    [
                        {%- for name, figure in figures %}
                        CONCAT('metric_{{ name }}:', `{{ project }}`.`{{ dataset }}`.metric_label({{ figure.value or name }})){{ '' if loop.last else ',' }}
                        {%- endfor %}
                    ],
                    ','
                ) AS labels,
                {{ "CONCAT(',metric_" ~ source.by ~ ":', " ~ source.by ~ ")" if source.by else "''" }} AS row_label
            FROM `{{ project }}`.`{{ dataset }}`.{{ view }}{{ '(' ~ source.arguments ~ ')' if source.arguments else '' }}
        )
        DO
            -- One query per row: a job has a label once.
            IF reading.labels != '' THEN
                SET @@query_label = CONCAT('component:{{ figure_component }},{{ job_labels }},', reading.labels, reading.row_label);
                SELECT reading.labels AS published;
            END IF;
        END FOR;
        {%- endfor %}
    END IF;
    {%- endfor %}
    SET @@query_label = CONCAT('component:', publisher, ',{{ job_labels }}');
END;
