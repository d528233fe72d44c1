CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.missing_procedure()
BEGIN
    CALL `{{ project }}`.`{{ dataset }}`.note_them('a', 'b'); -- ! missing-object `
END;
