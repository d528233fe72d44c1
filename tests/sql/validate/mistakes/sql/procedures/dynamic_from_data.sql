CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.dynamic_from_data(table_name STRING)
BEGIN
    EXECUTE IMMEDIATE CONCAT('DROP TABLE ', table_name); -- ! dynamic-sql CONCAT
END;
