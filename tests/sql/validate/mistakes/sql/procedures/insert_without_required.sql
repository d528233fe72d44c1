CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.insert_without_required()
BEGIN
    INSERT INTO `{{ project }}`.`{{ dataset }}`.pages (page_name) -- ! required-column `
    VALUES ('a');
END;
