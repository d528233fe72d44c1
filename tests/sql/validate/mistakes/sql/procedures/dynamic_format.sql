CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.dynamic_format(wanted STRING)
BEGIN
    EXECUTE IMMEDIATE FORMAT('SELECT %s', wanted); -- ! dynamic-sql FORMAT
END;
