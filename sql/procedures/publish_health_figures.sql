CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.publish_health_figures(figures JSON)
OPTIONS (
    description = 'Hands the figures of config/metrics.yaml that record_health_check answers for to Cloud Monitoring, as publish_figures does: from what the check has counted, without reading a table again. Sets the label of the statements that follow.'
)
BEGIN  -- noqa: disable=LT02
    {%- for view, source in metrics.items() if source.published_by == 'record_health_check' %}
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
    {%- endfor %}
    SET @@query_label = 'component:record_health_check,{{ job_labels }}';
END;
