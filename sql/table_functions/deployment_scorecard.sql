CREATE OR REPLACE TABLE FUNCTION `{{ project }}`.`{{ dataset }}`.deployment_scorecard(deployed_at TIMESTAMP, compared_days INT64)  -- noqa: LT01
OPTIONS (
    description = 'The five success criteria of a deployment, comparing days before and after it: 20 points for each that is met, 0 where data are missing. A criterion that asks for something better is NOT WORSE within 10%. Overall: SUCCESS at 100 points, REVIEW when anything is WORSE, ACCEPTABLE from 80 points, else NOT WORSE. Costs are those of a day, over whole days: none is over in the first 24 hours. The job history reaches back 180 days.'
)
AS (
    -- Costs are compared over whole days: each holds every scheduled query once, and sums
    -- over spans of different length say nothing.
    WITH spans AS (
        SELECT
            GREATEST(
                LEAST(
                    compared_days,
                    TIMESTAMP_DIFF(deployed_at, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 180 DAY), DAY)
                ),
                0
            ) AS days_before,
            GREATEST(LEAST(compared_days, TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), deployed_at, DAY)), 0) AS days_after
    ),

    jobs AS (
        SELECT
            creation_time >= deployed_at AS is_after,
            AVG(IF(is_automation, NULL, duration_ms)) AS avg_ms,
            100 * SAFE_DIVIDE(COUNTIF(error_reason IS NOT NULL), COUNT(*)) AS error_rate_pct,
            SUM(
                IF(
                    creation_time >= TIMESTAMP_SUB(deployed_at, INTERVAL spans.days_before DAY)
                    AND creation_time < TIMESTAMP_ADD(deployed_at, INTERVAL spans.days_after DAY),
                    bytes_billed,
                    0
                )
            ) / POW(2, 40) * {{ prices.query_usd_per_tib }}
            / NULLIF(MAX(IF(creation_time >= deployed_at, spans.days_after, spans.days_before)), 0) AS cost_usd_per_day
        FROM `{{ project }}`.`{{ dataset }}`.query_jobs
        CROSS JOIN spans
        WHERE
            creation_time >= TIMESTAMP_SUB(deployed_at, INTERVAL compared_days DAY)
            AND creation_time < TIMESTAMP_ADD(deployed_at, INTERVAL compared_days DAY)
        GROUP BY is_after
    ),

    sent AS (
        SELECT
            sent_at >= deployed_at AS is_after,
            AVG(CAST(earnings AS FLOAT64)) AS emv_per_message
        FROM `{{ project }}`.`{{ dataset }}`.message_feedback
        WHERE
            DATE(sent_at) BETWEEN DATE_SUB(DATE(deployed_at), INTERVAL compared_days DAY)
            AND DATE_ADD(DATE(deployed_at), INTERVAL compared_days DAY)
            AND sent_at >= TIMESTAMP_SUB(deployed_at, INTERVAL compared_days DAY)
            AND sent_at < TIMESTAMP_ADD(deployed_at, INTERVAL compared_days DAY)
        GROUP BY is_after
    ),

    health AS (
        SELECT
            check_timestamp >= deployed_at AS is_after,
            AVG(health_score) AS health_score
        FROM `{{ project }}`.`{{ dataset }}`.health_checks
        WHERE
            check_timestamp >= TIMESTAMP_SUB(deployed_at, INTERVAL compared_days DAY)
            AND check_timestamp < TIMESTAMP_ADD(deployed_at, INTERVAL compared_days DAY)
        GROUP BY is_after
    ),

    figures AS (
        SELECT
            1 AS place,
            'query time more than 10% shorter' AS criterion,
            MAX(IF(is_after, NULL, avg_ms)) AS value_before,
            MAX(IF(is_after, avg_ms, NULL)) AS value_after
        FROM jobs
        UNION ALL
        SELECT
            2,
            'error rate below 1%',
            MAX(IF(is_after, NULL, error_rate_pct)),
            MAX(IF(is_after, error_rate_pct, NULL))
        FROM jobs
        UNION ALL
        SELECT
            3,
            'cost increase below 5%',
            MAX(IF(is_after, NULL, cost_usd_per_day)),
            MAX(IF(is_after, cost_usd_per_day, NULL))
        FROM jobs
        UNION ALL
        SELECT
            4,
            'earnings per message more than 10% higher',
            MAX(IF(is_after, NULL, emv_per_message)),
            MAX(IF(is_after, emv_per_message, NULL))
        FROM sent
        UNION ALL
        SELECT
            5,
            'health score above 90',
            MAX(IF(is_after, NULL, health_score)),
            MAX(IF(is_after, health_score, NULL))
        FROM health
    ),

    judged AS (
        SELECT
            *,
            100 * SAFE_DIVIDE(value_after - value_before, value_before) AS change_pct,
            CASE place
                WHEN 1 THEN value_after < 0.9 * value_before
                WHEN 2 THEN value_after < 1
                WHEN 3 THEN value_after < 1.05 * value_before OR (value_after = 0 AND value_before = 0)
                WHEN 4 THEN value_after > 1.1 * value_before
                ELSE value_after > 90
            END AS is_met,
            -- A change that was to make nothing better is no bad one: what asks for better has a band.
            CASE place
                WHEN 1 THEN value_after > 1.1 * value_before
                WHEN 2 THEN value_after >= 1
                WHEN 3 THEN value_after >= 1.05 * value_before AND value_after > 0
                WHEN 4 THEN value_after < 0.9 * value_before
                ELSE value_after <= 90
            END AS is_worse
        FROM figures
    )

    SELECT
        place,
        criterion,
        value_before,
        value_after,
        change_pct,
        IF(is_met, 20, 0) AS points,
        CASE
            WHEN is_met IS NULL THEN 'MISSING DATA'
            WHEN is_met THEN 'MET'
            WHEN is_worse THEN 'WORSE'
            ELSE 'NOT WORSE'
        END AS status
    FROM judged
    UNION ALL
    SELECT
        6,
        'overall',
        CAST(NULL AS FLOAT64),
        CAST(NULL AS FLOAT64),
        CAST(NULL AS FLOAT64),
        SUM(IF(is_met, 20, 0)),
        CASE
            WHEN SUM(IF(is_met, 20, 0)) = 100 THEN 'SUCCESS'
            WHEN LOGICAL_OR(is_worse) THEN 'REVIEW'
            WHEN SUM(IF(is_met, 20, 0)) >= 80 THEN 'ACCEPTABLE'
            WHEN COUNT(is_met) = 0 THEN 'MISSING DATA'
            ELSE 'NOT WORSE'
        END
    FROM judged
);
