CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.permanent_drop()
BEGIN
    DROP TABLE `{{ project }}`.`{{ dataset }}`.pages; -- ! permanent-ddl DROP
END;
