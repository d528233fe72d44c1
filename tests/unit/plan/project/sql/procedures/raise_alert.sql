CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.raise_alert(
    new_level STRING,
    new_name STRING,
    new_source STRING,
    new_message STRING,
    new_details JSON,
    for_run STRING
)
OPTIONS (
    description = 'Puts one alert into the outbox automation_alerts. Level INFO, WARNING or CRITICAL.'
)
BEGIN
    INSERT INTO `{{ project }}`.`{{ dataset }}`.automation_alerts (
        alert_id,
        alert_time,
        alert_level,
        alert_name,
        source,
        message,
        details,
        run_id,
        acknowledged
    )
    VALUES (
        GENERATE_UUID(),
        CURRENT_TIMESTAMP(),
        new_level,
        new_name,
        new_source,
        new_message,
        new_details,
        for_run,
        FALSE
    );
END;
