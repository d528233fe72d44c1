CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.prepare_retry(
    for_schedule STRING,
    alert_level STRING,
    failure STRING,
    INOUT failures INT64
)
BEGIN
    SET failures = failures + 1;
END;
