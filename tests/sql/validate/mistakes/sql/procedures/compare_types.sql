CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.compare_types()
BEGIN
    SELECT page_name
    FROM `{{ project }}`.`{{ dataset }}`.pages
    WHERE audience = note; -- ! wrong-type audience
END;
