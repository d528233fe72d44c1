CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.function_argument_type()
BEGIN
    SELECT `{{ project }}`.`{{ dataset }}`.rate('a', 2); -- ! wrong-arguments `
END;
