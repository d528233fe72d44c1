CREATE OR REPLACE VIEW `{{ project }}`.`{{ dataset }}`.integrity_violations
OPTIONS (
    description = 'What keys would forbid if BigQuery enforced them: captions locked twice, orphans and duplicates. One row per violation; must be empty.'
)
AS
SELECT
    'caption locked twice' AS violation,
    page_name,
    caption_id AS item,
    COUNT(*) AS found
FROM `{{ project }}`.`{{ dataset }}`.active_caption_assignments
WHERE is_active
GROUP BY
    page_name,
    caption_id
HAVING COUNT(*) > 1
UNION ALL
SELECT
    'request queued twice',
    page_name,
    CAST(execution_date AS STRING),
    COUNT(*)
FROM `{{ project }}`.`{{ dataset }}`.schedule_generation_queue
WHERE execution_date >= DATE_SUB(CURRENT_DATE('{{ time_zone }}'), INTERVAL {{ retention.log_days }} DAY)
GROUP BY
    page_name,
    execution_date
HAVING COUNT(*) > 1
UNION ALL
SELECT
    'statistics without a caption',
    stats.page_name,
    stats.caption_id,
    1
FROM `{{ project }}`.`{{ dataset }}`.caption_bandit_stats AS stats
LEFT JOIN `{{ project }}`.`{{ dataset }}`.caption_bank AS bank
    ON
        stats.page_name = bank.page_name
        AND stats.caption_id = bank.caption_id
WHERE bank.caption_id IS NULL
UNION ALL
SELECT
    'corrupt statistics',
    page_name,
    caption_id,
    rows_of_caption
FROM `{{ project }}`.`{{ dataset }}`.corrupt_statistics;
