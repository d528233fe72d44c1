CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.variable_before_declare()
BEGIN
    DECLARE first INT64 DEFAULT second; -- ! unknown-column second
    DECLARE second INT64 DEFAULT 1;
END;
