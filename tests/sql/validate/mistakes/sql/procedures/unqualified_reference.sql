CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.unqualified_reference()
BEGIN
    SELECT page_name
    FROM pages; -- ! reference-form pages
END;
