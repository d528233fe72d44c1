CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.permanent_alter()
BEGIN
    ALTER TABLE `{{ project }}`.`{{ dataset }}`.pages ADD COLUMN size INT64; -- ! permanent-ddl ALTER
END;
