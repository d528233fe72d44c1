CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.hidden_variable()
BEGIN
    DECLARE page_name STRING DEFAULT 'a';
    SELECT pages.page_name FROM `{{ project }}`.`{{ dataset }}`.pages AS pages;
    SELECT audience
    FROM `{{ project }}`.`{{ dataset }}`.pages AS pages
    WHERE pages.page_name = page_name; -- ! hidden-name page_name
END;
