CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.column_of_other_table()
BEGIN
    SELECT pages.views -- ! unknown-column views
    FROM `{{ project }}`.`{{ dataset }}`.pages AS pages;
END;
