CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.raise_type()
BEGIN
    RAISE USING MESSAGE = 42; -- ! wrong-type 42
END;
