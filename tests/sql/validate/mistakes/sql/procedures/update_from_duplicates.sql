CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.update_from_duplicates()
BEGIN
    CREATE TEMP TABLE found AS
    SELECT page_name, views
    FROM `{{ project }}`.`{{ dataset }}`.messages
    WHERE DATE(sent_at) = CURRENT_DATE();
    UPDATE `{{ project }}`.`{{ dataset }}`.pages AS pages
    SET audience = found.views
    FROM found -- ! duplicate-source found
    WHERE pages.page_name = found.page_name;
END;
