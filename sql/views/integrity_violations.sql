CREATE OR REPLACE VIEW `{{ project }}`.`{{ dataset }}`.integrity_violations
OPTIONS (
    description = 'What keys would forbid if BigQuery enforced them: captions locked twice, orphans in assignments, recommendations, queue and statistics, duplicates, counts below zero and bounds outside 0 to 1. One row per violation; must be empty.'
)
AS
SELECT
    'caption locked twice' AS violation,
    page_name,
    caption_id AS item,
    COUNT(*) AS found
FROM `{{ project }}`.`{{ dataset }}`.planned_captions(CURRENT_DATE('{{ time_zone }}'))
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
FROM `{{ project }}`.`{{ dataset }}`.corrupt_statistics
UNION ALL
SELECT
    'assignment without a caption',
    planned.page_name,
    planned.caption_id,
    COUNT(*)
FROM `{{ project }}`.`{{ dataset }}`.planned_captions(CURRENT_DATE('{{ time_zone }}')) AS planned
LEFT JOIN `{{ project }}`.`{{ dataset }}`.caption_bank AS bank
    ON
        planned.page_name = bank.page_name
        AND planned.caption_id = bank.caption_id
WHERE
    bank.caption_id IS NULL
    -- A caption that was taken out of the bank is of no concern when its day is over.
    AND planned.scheduled_send_date >= CURRENT_DATE('{{ time_zone }}')
GROUP BY
    planned.page_name,
    planned.caption_id
UNION ALL
SELECT
    'recommendation without a caption',
    recommended.page_name,
    recommended.caption_id,
    COUNT(*)
FROM `{{ project }}`.`{{ dataset }}`.schedule_recommendations AS recommended
LEFT JOIN `{{ project }}`.`{{ dataset }}`.caption_bank AS bank
    ON
        recommended.page_name = bank.page_name
        AND recommended.caption_id = bank.caption_id
LEFT JOIN `{{ project }}`.`{{ dataset }}`.captions AS legacy
    ON recommended.caption_id = legacy.caption_id
WHERE
    recommended.schedule_date >= CURRENT_DATE('{{ time_zone }}')
    AND recommended.caption_id IS NOT NULL
    AND bank.caption_id IS NULL
    AND legacy.caption_id IS NULL
GROUP BY
    recommended.page_name,
    recommended.caption_id
UNION ALL
SELECT
    'request of a page without captions',
    queue.page_name,
    CAST(queue.execution_date AS STRING),
    1
FROM `{{ project }}`.`{{ dataset }}`.schedule_generation_queue AS queue
LEFT JOIN (
    SELECT DISTINCT page_name
    FROM `{{ project }}`.`{{ dataset }}`.caption_bank
) AS pages
    ON queue.page_name = pages.page_name
WHERE
    queue.execution_date >= DATE_SUB(CURRENT_DATE('{{ time_zone }}'), INTERVAL 1 DAY)
    AND queue.status IN ('PENDING', 'PROCESSING')
    AND pages.page_name IS NULL;
