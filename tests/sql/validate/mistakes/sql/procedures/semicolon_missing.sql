CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.semicolon_missing()
BEGIN
    SELECT 1
    SELECT 2; -- ! syntax SELECT
END;
