CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.permanent_table()
BEGIN
    CREATE TABLE `{{ project }}`.`{{ dataset }}`.leftovers AS -- ! permanent-ddl CREATE
    SELECT 1 AS one;
END;
