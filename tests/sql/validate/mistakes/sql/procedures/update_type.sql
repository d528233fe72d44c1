CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.update_type()
BEGIN
    UPDATE `{{ project }}`.`{{ dataset }}`.pages
    SET audience = 'many' -- ! wrong-type '
    WHERE TRUE;
END;
