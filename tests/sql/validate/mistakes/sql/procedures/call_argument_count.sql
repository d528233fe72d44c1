CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.call_argument_count()
BEGIN
    CALL `{{ project }}`.`{{ dataset }}`.note_it('a'); -- ! wrong-arguments `
END;
