CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.missing_function()
BEGIN
    SELECT `{{ project }}`.`{{ dataset }}`.rates(1, 2); -- ! missing-object `
END;
