CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.table_called_as_function()
BEGIN
    SELECT page_name
    FROM `{{ project }}`.`{{ dataset }}`.pages(CURRENT_DATE()); -- ! missing-object `
END;
