CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.union_count()
BEGIN
    SELECT page_name FROM `{{ project }}`.`{{ dataset }}`.pages
    UNION ALL
    SELECT 'a', 1; -- ! column-count SELECT
END;
