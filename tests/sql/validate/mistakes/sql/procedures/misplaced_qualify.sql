CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.misplaced_qualify()
BEGIN
    SELECT page_name
    FROM `{{ project }}`.`{{ dataset }}`.pages
    QUALIFY audience > 1; -- ! aggregation audience
END;
