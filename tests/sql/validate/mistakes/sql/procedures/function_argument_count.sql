CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.function_argument_count()
BEGIN
    SELECT `{{ project }}`.`{{ dataset }}`.rate(1); -- ! wrong-arguments `
END;
