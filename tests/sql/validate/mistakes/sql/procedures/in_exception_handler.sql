CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.in_exception_handler()
BEGIN
    BEGIN
        SELECT 1;
    EXCEPTION WHEN ERROR THEN
        INSERT INTO `{{ project }}`.`{{ dataset }}`.pages (page_name, audience)
        SELECT
            page_name,
            view_count -- ! unknown-column view_count
        FROM `{{ project }}`.`{{ dataset }}`.page_totals(CURRENT_DATE());
    END;
END;
