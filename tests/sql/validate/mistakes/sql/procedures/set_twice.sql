CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.set_twice()
BEGIN
    UPDATE `{{ project }}`.`{{ dataset }}`.pages
    SET
        note = 'a',
        note = 'b' -- ! duplicate note
    WHERE TRUE;
END;
