CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.count_active_captions()
OPTIONS (
    description = 'Counts the active captions of all pages into stored_figures, which the health check reads. record_health_check calls it every hour; call it after captions were added or taken away in numbers.'
)
BEGIN
    INSERT INTO `{{ project }}`.`{{ dataset }}`.stored_figures (
        figure_time,
        figure,
        value
    )
    SELECT
        CURRENT_TIMESTAMP(),
        'active_captions',
        COUNTIF(is_active)
    FROM `{{ project }}`.`{{ dataset }}`.caption_bank;
END;
