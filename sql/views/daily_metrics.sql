CREATE OR REPLACE VIEW `{{ project }}`.`{{ dataset }}`.daily_metrics
OPTIONS (
    description = 'Business figures of the last 90 days by day (UTC), for dashboards: messages, engagement, earnings per message, assignments, cost and worst health score.'
)
AS
SELECT
    day AS metric_date,
    COALESCE(sent.messages, 0) AS messages,
    COALESCE(sent.views, 0) AS views,
    COALESCE(sent.purchases, 0) AS purchases,
    COALESCE(sent.earnings, 0) AS earnings,
    SAFE_DIVIDE(sent.purchases, sent.views) AS engagement_rate,
    SAFE_DIVIDE(CAST(sent.earnings AS FLOAT64), sent.messages) AS emv_per_message,
    COALESCE(locks.assignments, 0) AS assignments,
    COALESCE(costs.cost_usd, 0) AS cost_usd,
    health.lowest_health_score
FROM UNNEST(GENERATE_DATE_ARRAY(DATE_SUB(CURRENT_DATE('UTC'), INTERVAL 90 DAY), CURRENT_DATE('UTC'))) AS day
LEFT JOIN (
    SELECT
        sent_date,
        SUM(messages) AS messages,
        SUM(views) AS views,
        SUM(purchases) AS purchases,
        SUM(earnings) AS earnings
    FROM `{{ project }}`.`{{ dataset }}`.page_day_totals
    WHERE sent_day >= TIMESTAMP(DATE_SUB(CURRENT_DATE('UTC'), INTERVAL 90 DAY))
    GROUP BY sent_date
) AS sent
    ON day = sent.sent_date
LEFT JOIN (
    SELECT
        DATE(assigned_at) AS assigned_date,
        COUNT(*) AS assignments
    FROM `{{ project }}`.`{{ dataset }}`.active_caption_assignments
    GROUP BY assigned_date
) AS locks
    ON day = locks.assigned_date
LEFT JOIN (
    SELECT
        DATE(window_start) AS cost_date,
        SUM(estimated_cost_usd) AS cost_usd
    FROM `{{ project }}`.`{{ dataset }}`.cost_monitoring
    WHERE window_start >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 91 DAY)
    GROUP BY cost_date
) AS costs
    ON day = costs.cost_date
LEFT JOIN (
    SELECT
        DATE(check_timestamp) AS check_date,
        MIN(health_score) AS lowest_health_score
    FROM `{{ project }}`.`{{ dataset }}`.health_checks
    WHERE check_timestamp >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 91 DAY)
    GROUP BY check_date
) AS health
    ON day = health.check_date;
