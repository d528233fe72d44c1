CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.another_name() -- ! file CREATE
BEGIN
    SELECT 1;
END;
