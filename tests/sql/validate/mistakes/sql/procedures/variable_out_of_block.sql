CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.variable_out_of_block()
BEGIN
    BEGIN
        DECLARE hidden INT64 DEFAULT 1;
    END;
    SELECT hidden; -- ! unknown-column hidden
END;
