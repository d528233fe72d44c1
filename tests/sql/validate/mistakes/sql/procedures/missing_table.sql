CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.missing_table()
BEGIN
    SELECT COUNT(*)
    FROM `{{ project }}`.`{{ dataset }}`.mesages; -- ! missing-object `
END;
