CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.set_type()
BEGIN
    DECLARE day DATE;
    SET day = 5; -- ! wrong-type 5
END;
