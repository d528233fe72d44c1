CREATE OR REPLACE VIEW `{{ project }}`.`{{ dataset }}`.row_counts
OPTIONS (
    description = 'Rows of the three core tables, and the captions or pages they are about.'
)
AS
SELECT
    'caption_bank' AS table_name,
    COUNT(*) AS row_count,
    COUNT(DISTINCT caption_id) AS unique_captions,
    COUNT(DISTINCT page_name) AS unique_pages
FROM `{{ project }}`.`{{ dataset }}`.caption_bank
UNION ALL
SELECT
    'caption_bandit_stats',
    COUNT(*),
    COUNT(DISTINCT caption_id),
    COUNT(DISTINCT page_name)
FROM `{{ project }}`.`{{ dataset }}`.caption_bandit_stats
UNION ALL
SELECT
    'active_caption_assignments',
    COUNT(*),
    COUNT(DISTINCT caption_id),
    COUNT(DISTINCT page_name)
FROM `{{ project }}`.`{{ dataset }}`.active_caption_assignments;
