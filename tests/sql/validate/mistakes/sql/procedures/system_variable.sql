CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.system_variable()
BEGIN
    SELECT @@row_counts; -- ! unknown-column @@row_counts
END;
