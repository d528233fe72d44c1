CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.merge_source_grouped_by_more()
BEGIN
    MERGE INTO `{{ project }}`.`{{ dataset }}`.pages AS pages
    USING (
        SELECT page_name, message_id, MAX(views) AS views -- ! duplicate-source SELECT
        FROM `{{ project }}`.`{{ dataset }}`.messages
        WHERE DATE(sent_at) = CURRENT_DATE()
        GROUP BY page_name, message_id
    ) AS source
        ON pages.page_name = source.page_name
    WHEN MATCHED THEN
        UPDATE SET audience = source.views;
END;
