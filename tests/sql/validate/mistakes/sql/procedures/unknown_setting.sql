CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.unknown_setting()
BEGIN
    SELECT {{ limits.no_such_limit }}; -- ! file SELECT
END;
