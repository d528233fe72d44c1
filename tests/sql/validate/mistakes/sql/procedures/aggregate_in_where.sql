CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.aggregate_in_where()
BEGIN
    SELECT page_name
    FROM `{{ project }}`.`{{ dataset }}`.pages
    WHERE COUNT(*) > 1; -- ! aggregation COUNT
END;
