"""The sections of the deployment report: the days after a deployment against those before."""

from __future__ import annotations

from eros.watch.monitor_query import Query

# Jobs of the days around @deployed_at; each section adds what it asks of them. Sums are those
# of a day, over the whole days among them (`is_whole`): a week before and an hour after do not
# compare. Nothing is there without a whole day; the view has the jobs of 180 days.
_JOBS = """
WITH spans AS (
    SELECT GREATEST(LEAST(@days, TIMESTAMP_DIFF(
            @deployed_at, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 180 DAY), DAY)), 0)
            AS days_before,
        GREATEST(LEAST(@days, TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), @deployed_at, DAY)), 0)
            AS days_after
), jobs AS (
    SELECT query_jobs.*, creation_time >= @deployed_at AS is_after, duration_ms / 1000 AS seconds,
        creation_time >= TIMESTAMP_SUB(@deployed_at, INTERVAL days_before DAY)
            AND creation_time < TIMESTAMP_ADD(@deployed_at, INTERVAL days_after DAY) AS is_whole,
        NULLIF(days_before, 0) AS days_before, NULLIF(days_after, 0) AS days_after
    FROM {dataset}.query_jobs AS query_jobs CROSS JOIN spans
    WHERE creation_time >= TIMESTAMP_SUB(@deployed_at, INTERVAL @days DAY)
        AND creation_time < TIMESTAMP_ADD(@deployed_at, INTERVAL @days DAY)
)
"""
SECTIONS = (
    Query(
        "1 Daily Health Checks",
        "tables intact, rows valid, findings of the health check",
        """
SELECT CONCAT('rows of ', table_name) AS item, CAST(row_count AS FLOAT64) AS value,
    CAST(NULL AS FLOAT64) AS value_before, IF(row_count > 0, 'OK', 'EMPTY') AS status, 1 AS place
FROM {dataset}.row_counts
UNION ALL
SELECT 'corrupt rows', CAST(COUNT(*) AS FLOAT64), NULL, IF(COUNT(*) = 0, 'OK', 'CRITICAL'), 2
FROM {dataset}.corrupt_statistics
UNION ALL
SELECT 'integrity violations', CAST(COUNT(*) AS FLOAT64), NULL,
    IF(COUNT(*) = 0, 'OK', 'CRITICAL'), 3
FROM {dataset}.integrity_violations
UNION ALL
SELECT finding, value, NULL, level, 3 + check_number FROM {dataset}.health_findings
ORDER BY place, item
""",
    ),
    Query(
        "2 Performance Monitoring",
        "query times in seconds without automation, and failures",
        _JOBS
        + """, figures AS (
    SELECT is_after,
        COUNTIF(is_whole) / MAX(IF(is_after, days_after, days_before)) AS queries_per_day,
        100 * SAFE_DIVIDE(COUNTIF(error_reason IS NOT NULL), COUNT(*)) AS error_rate,
        AVG(IF(is_automation, NULL, seconds)) AS mean,
        APPROX_QUANTILES(IF(is_automation, NULL, seconds), 100) AS quantiles
    FROM jobs GROUP BY is_after
), listed AS (
    SELECT is_after, item.* FROM figures CROSS JOIN UNNEST([
        STRUCT(1 AS place, 'queries a day' AS item, queries_per_day AS value),
        STRUCT(2, 'error rate in percent', error_rate),
        STRUCT(3, 'mean seconds', mean),
        STRUCT(4, 'p50 seconds', quantiles[SAFE_OFFSET(50)]),
        STRUCT(5, 'p95 seconds', quantiles[SAFE_OFFSET(95)]),
        STRUCT(6, 'p99 seconds', quantiles[SAFE_OFFSET(99)])
    ]) AS item
)
SELECT item, MAX(IF(is_after, value, NULL)) AS value,
    MAX(IF(is_after, NULL, value)) AS value_before, CAST(NULL AS STRING) AS status, place
FROM listed GROUP BY item, place ORDER BY place
""",
    ),
    Query(
        "3 Cost Tracking",
        "US dollars a day by kind of statement, over whole days",
        _JOBS
        + """
SELECT CONCAT('US dollars a day, ', statement_type) AS item,
    SUM(IF(is_after AND is_whole, bytes_billed, 0)) / POW(2, 40) * @usd_per_tib
        / MAX(days_after) AS value,
    SUM(IF(is_whole AND NOT is_after, bytes_billed, 0)) / POW(2, 40) * @usd_per_tib
        / MAX(days_before) AS value_before,
    CAST(NULL AS STRING) AS status
FROM jobs GROUP BY statement_type
UNION ALL
SELECT 'US dollars a day, total',
    SUM(IF(is_after AND is_whole, bytes_billed, 0)) / POW(2, 40) * @usd_per_tib / MAX(days_after),
    SUM(IF(is_whole AND NOT is_after, bytes_billed, 0)) / POW(2, 40) * @usd_per_tib
        / MAX(days_before),
    NULL
FROM jobs
UNION ALL
SELECT 'US dollars since', SUM(IF(is_after, bytes_billed, 0)) / POW(2, 40) * @usd_per_tib, NULL,
    NULL
FROM jobs
ORDER BY item
""",
    ),
    Query(
        "4 EMV Improvement",
        "earnings and engagement of the messages sent, and what a query dollar earns",
        _JOBS
        + """, costs AS (
    SELECT is_after, SUM(bytes_billed) / POW(2, 40) * @usd_per_tib AS usd
    FROM jobs GROUP BY is_after
), sent AS (
    SELECT sent_at >= @deployed_at AS is_after, AVG(CAST(earnings AS FLOAT64)) AS emv,
        SUM(CAST(earnings AS FLOAT64)) AS earnings,
        SAFE_DIVIDE(SUM(purchases), SUM(views)) AS engagement
    FROM {dataset}.message_feedback
    WHERE sent_at >= TIMESTAMP_SUB(@deployed_at, INTERVAL @days DAY)
        AND sent_at < TIMESTAMP_ADD(@deployed_at, INTERVAL @days DAY)
    GROUP BY is_after
), listed AS (
    SELECT sent.is_after, item.* FROM sent LEFT JOIN costs ON sent.is_after = costs.is_after
    CROSS JOIN UNNEST([
        STRUCT(1 AS place, 'EMV per message in US dollars' AS item, sent.emv AS value),
        STRUCT(2, 'engagement rate', sent.engagement),
        STRUCT(3, 'earnings per US dollar of queries', SAFE_DIVIDE(sent.earnings, costs.usd))
    ]) AS item
)
SELECT item, MAX(IF(is_after, value, NULL)) AS value,
    MAX(IF(is_after, NULL, value)) AS value_before, CAST(NULL AS STRING) AS status, place
FROM listed GROUP BY item, place
UNION ALL
SELECT 'mean Wilson lower bound', AVG(wilson_score_lower_bound), NULL,
    IF(COUNTIF(wilson_score_lower_bound NOT BETWEEN 0 AND 1) = 0, 'OK', 'CRITICAL'), 4
FROM {dataset}.caption_bandit_stats
ORDER BY place
""",
    ),
    Query(
        "5 Deployment Success",
        "20 points for each criterion that is met",
        "SELECT criterion AS item, value_after AS value, value_before, "
        "CONCAT(status, ', ', CAST(points AS STRING), ' points') AS status, place "
        "FROM {dataset}.deployment_scorecard(@deployed_at, @days) ORDER BY place",
    ),
)
