CREATE OR REPLACE VIEW `{{ project }}`.`{{ dataset }}`.schedule_recommendations_messages
OPTIONS (
    description = 'Schedule recommendations with the text of their caption: from caption_bank, from the legacy table captions where the bank has none.'
)
AS
SELECT
    recommendations.recommendation_id,
    recommendations.page_name,
    recommendations.caption_id,
    recommendations.schedule_date,
    recommendations.send_at,
    recommendations.created_at,
    COALESCE(bank.caption_text, legacy.caption_text) AS message_text,
    CASE
        WHEN bank.caption_text IS NOT NULL THEN 'caption_bank'
        WHEN legacy.caption_text IS NOT NULL THEN 'captions'
    END AS text_source
FROM `{{ project }}`.`{{ dataset }}`.schedule_recommendations AS recommendations
LEFT JOIN `{{ project }}`.`{{ dataset }}`.caption_bank AS bank
    ON
        recommendations.page_name = bank.page_name
        AND recommendations.caption_id = bank.caption_id
LEFT JOIN `{{ project }}`.`{{ dataset }}`.captions AS legacy
    ON recommendations.caption_id = legacy.caption_id;
