CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.variable_undeclared()
BEGIN
    DECLARE total INT64;
    SET totl = 1; -- ! unknown-column totl
END;
