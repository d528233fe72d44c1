CREATE OR REPLACE VIEW `{{ project }}`.`{{ dataset }}`.live_figures
OPTIONS (
    description = 'The figures of the health check, all counted at this moment, in the form that health_checks keeps them in: health_figures reads it.'
)
AS
SELECT
    JSON_OBJECT(
        'queries',
        (SELECT TO_JSON(found) FROM `{{ project }}`.`{{ dataset }}`.query_figures(CURRENT_TIMESTAMP()) AS found),
        'work',
        (SELECT TO_JSON(found) FROM `{{ project }}`.`{{ dataset }}`.work_figures(CURRENT_TIMESTAMP()) AS found),
        'upkeep',
        (SELECT TO_JSON(found) FROM `{{ project }}`.`{{ dataset }}`.upkeep_figures(CURRENT_TIMESTAMP()) AS found),
        'stored',
        (SELECT TO_JSON(found) FROM `{{ project }}`.`{{ dataset }}`.stored_readings(CURRENT_TIMESTAMP()) AS found)
    ) AS figures;
