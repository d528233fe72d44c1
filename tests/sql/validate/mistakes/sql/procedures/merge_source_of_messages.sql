CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.merge_source_of_messages()
BEGIN
    MERGE INTO `{{ project }}`.`{{ dataset }}`.pages AS pages
    USING (
        SELECT page_name, views -- ! duplicate-source SELECT
        FROM `{{ project }}`.`{{ dataset }}`.messages
        WHERE DATE(sent_at) = CURRENT_DATE()
    ) AS source
        ON pages.page_name = source.page_name
    WHEN MATCHED THEN
        UPDATE SET audience = source.views;
END;
