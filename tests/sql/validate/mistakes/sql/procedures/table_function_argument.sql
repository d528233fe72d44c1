CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.table_function_argument()
BEGIN
    SELECT page_name
    FROM `{{ project }}`.`{{ dataset }}`.page_totals('today'); -- ! wrong-type '
END;
