CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.declare_unknown_type()
BEGIN
    DECLARE total NUMBR; -- ! wrong-type NUMBR
END;
