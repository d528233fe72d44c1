CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.call_argument_type()
BEGIN
    CALL `{{ project }}`.`{{ dataset }}`.note_it('a', CURRENT_DATE()); -- ! wrong-arguments `
END;
