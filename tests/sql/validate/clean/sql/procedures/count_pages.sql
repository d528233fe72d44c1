CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.count_pages(OUT found INT64)
BEGIN
    SET found = (SELECT COUNT(*) FROM `{{ project }}`.`{{ dataset }}`.pages);
END;
