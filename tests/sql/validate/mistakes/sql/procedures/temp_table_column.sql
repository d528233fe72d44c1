CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.temp_table_column()
BEGIN
    CREATE TEMP TABLE few AS
    SELECT page_name FROM `{{ project }}`.`{{ dataset }}`.pages;
    SELECT audience FROM few; -- ! unknown-column audience
END;
