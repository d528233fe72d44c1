CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.hard_coded_project()
BEGIN
    SELECT page_name
    FROM `eros-local`.`{{ dataset }}`.pages; -- ! hard-coded-name `
END;
