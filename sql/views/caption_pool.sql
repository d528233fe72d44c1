CREATE OR REPLACE VIEW `{{ project }}`.`{{ dataset }}`.caption_pool
OPTIONS (
    description = 'Per page: active captions, those that are planned and those available.'
)
AS
SELECT
    bank.page_name,
    COUNT(*) AS active_captions,
    COUNTIF(locks.caption_id IS NOT NULL) AS locked_captions,
    COUNTIF(locks.caption_id IS NULL) AS available_captions
FROM (
    SELECT DISTINCT
        page_name,
        caption_id
    FROM `{{ project }}`.`{{ dataset }}`.caption_bank
    WHERE is_active
) AS bank
LEFT JOIN (
    SELECT DISTINCT
        page_name,
        caption_id
    FROM `{{ project }}`.`{{ dataset }}`.planned_captions(CURRENT_DATE('{{ time_zone }}'))
) AS locks
    ON
        bank.page_name = locks.page_name
        AND bank.caption_id = locks.caption_id
GROUP BY bank.page_name;
