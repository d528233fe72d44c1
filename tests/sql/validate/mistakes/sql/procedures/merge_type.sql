CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.merge_type()
BEGIN
    MERGE INTO `{{ project }}`.`{{ dataset }}`.pages AS pages
    USING (SELECT * FROM `{{ project }}`.`{{ dataset }}`.page_totals(CURRENT_DATE())) AS totals
        ON pages.page_name = totals.page_name
    WHEN MATCHED THEN
        UPDATE SET joined = totals.views; -- ! wrong-type totals
END;
