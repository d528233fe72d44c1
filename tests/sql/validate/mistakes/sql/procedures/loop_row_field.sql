CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.loop_row_field()
BEGIN
    FOR page IN (SELECT page_name FROM `{{ project }}`.`{{ dataset }}`.pages) DO
        SELECT page.audience; -- ! unknown-column audience
    END FOR;
END;
