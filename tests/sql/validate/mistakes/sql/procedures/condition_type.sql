CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.condition_type()
BEGIN
    IF 'yes' THEN -- ! wrong-type '
        SELECT 1;
    END IF;
END;
