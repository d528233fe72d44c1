CREATE OR REPLACE VIEW `{{ project }}`.`{{ dataset }}`.business_figures
OPTIONS (
    description = 'What the messages of the last 7 complete days (UTC) earned, in one row, and how many schedule requests of the last 7 days came to a good end.'
)
AS
SELECT
    sent.emv_per_message_usd,
    sent.engagement_rate_pct,
    finished.assignment_success_pct,
    100 * SAFE_DIVIDE(sent.emv_per_message_usd - sent.earlier_emv_per_message_usd, sent.earlier_emv_per_message_usd) AS emv_change_pct
FROM (
    SELECT
        SAFE_DIVIDE(SUM(IF(is_recent, CAST(earnings AS FLOAT64), 0)), SUM(IF(is_recent, messages, 0))) AS emv_per_message_usd,
        SAFE_DIVIDE(SUM(IF(is_recent, 0, CAST(earnings AS FLOAT64))), SUM(IF(is_recent, 0, messages))) AS earlier_emv_per_message_usd,
        100 * SAFE_DIVIDE(SUM(IF(is_recent, purchases, 0)), SUM(IF(is_recent, views, 0))) AS engagement_rate_pct
    FROM (
        SELECT
            earnings,
            messages,
            purchases,
            views,
            sent_date >= DATE_SUB(CURRENT_DATE('UTC'), INTERVAL 7 DAY) AS is_recent
        FROM `{{ project }}`.`{{ dataset }}`.page_day_totals
        WHERE
            sent_day >= TIMESTAMP(DATE_SUB(CURRENT_DATE('UTC'), INTERVAL 14 DAY))
            AND sent_day < TIMESTAMP(CURRENT_DATE('UTC'))
    )
) AS sent
CROSS JOIN (
    SELECT 100 * SAFE_DIVIDE(COUNTIF(status = 'COMPLETED'), COUNT(*)) AS assignment_success_pct
    FROM `{{ project }}`.`{{ dataset }}`.schedule_generation_queue
    WHERE
        execution_date >= DATE_SUB(CURRENT_DATE('{{ time_zone }}'), INTERVAL 30 DAY)
        AND status IN ('COMPLETED', 'FAILED')
        AND completed_at >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 7 DAY)
) AS finished;
