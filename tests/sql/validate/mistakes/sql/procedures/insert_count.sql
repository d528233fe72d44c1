CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.insert_count()
BEGIN
    INSERT INTO `{{ project }}`.`{{ dataset }}`.pages (page_name, audience)
    VALUES ('a'); -- ! column-count (
END;
