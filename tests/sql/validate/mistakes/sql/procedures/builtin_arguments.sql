CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.builtin_arguments()
BEGIN
    SELECT DATE_ADD(CURRENT_DATE(), 5); -- ! wrong-type 5
END;
