CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.column_misspelt()
BEGIN
    SELECT
        page_name,
        audence -- ! unknown-column audence
    FROM `{{ project }}`.`{{ dataset }}`.pages;
END;
