CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.count_integrity_violations()
OPTIONS (
    description = 'Counts integrity_violations into stored_figures, which the health check and an alert rule read. record_health_check calls it every {{ automation.integrity_hours }} hours; call it after a repair.'
)
BEGIN
    INSERT INTO `{{ project }}`.`{{ dataset }}`.stored_figures (
        figure_time,
        figure,
        value
    )
    SELECT
        CURRENT_TIMESTAMP(),
        'integrity_violations',
        COUNT(*)
    FROM `{{ project }}`.`{{ dataset }}`.integrity_violations;
END;
