CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.declare_type()
BEGIN
    DECLARE total INT64 DEFAULT 'none'; -- ! wrong-type '
END;
