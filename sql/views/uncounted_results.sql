CREATE OR REPLACE VIEW `{{ project }}`.`{{ dataset }}`.uncounted_results
OPTIONS (
    description = 'Results that were delivered before the last feedback run and are not counted, or not as they were delivered last, by page; oldest_send_date is what recount_caption_performance takes. Must be empty.'
)
AS
SELECT
    delivered.page_name,
    COUNT(*) AS results,
    MIN(DATE(delivered.sent_at)) AS oldest_send_date,
    MIN(delivered.known_at) AS oldest_delivery,
    MAX(delivered.updated_at) AS newest_delivery
FROM (
    SELECT
        message_id,
        page_name,
        sent_at,
        updated_at,
        -- A delivery time in the future says nothing: such a result is there a day after the send.
        IF(updated_at <= CURRENT_TIMESTAMP(), updated_at, TIMESTAMP_ADD(sent_at, INTERVAL 1 DAY)) AS known_at,
        `{{ project }}`.`{{ dataset }}`.non_negative(viewed_count) AS views,
        LEAST(
            `{{ project }}`.`{{ dataset }}`.non_negative(purchased_count),
            `{{ project }}`.`{{ dataset }}`.non_negative(viewed_count)
        ) AS purchases,
        GREATEST(COALESCE(earnings, 0), 0) AS earnings
    FROM `{{ project }}`.`{{ dataset }}`.mass_messages
    WHERE
        DATE(sent_at) BETWEEN DATE_SUB(CURRENT_DATE('UTC'), INTERVAL {{ automation.feedback_window_days - 1 }} DAY) AND CURRENT_DATE('UTC')
        AND sent_at <= CURRENT_TIMESTAMP()
    QUALIFY ROW_NUMBER() OVER (
        PARTITION BY message_id
        ORDER BY
            LEAST(updated_at, CURRENT_TIMESTAMP()) DESC,
            views DESC,
            purchases DESC,
            earnings DESC
    ) = 1
) AS delivered
CROSS JOIN (
    -- The run at work counts, too: it looks here at its end.
    SELECT MAX(job_start_time) AS last_run
    FROM `{{ project }}`.`{{ dataset }}`.etl_job_runs
    WHERE
        job_name = 'update_caption_performance'
        AND status IN ('SUCCESS', 'RUNNING')
        AND job_start_time >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL {{ automation.active_days }} DAY)
) AS runs
LEFT JOIN (
    SELECT
        message_id,
        views,
        purchases,
        earnings,
        updated_at
    FROM `{{ project }}`.`{{ dataset }}`.message_feedback
    WHERE DATE(sent_at) >= DATE_SUB(CURRENT_DATE('UTC'), INTERVAL {{ automation.feedback_window_days }} DAY)
) AS counted
    ON delivered.message_id = counted.message_id
WHERE
    delivered.known_at < runs.last_run
    AND (
        counted.message_id IS NULL
        OR (
            LEAST(delivered.updated_at, CURRENT_TIMESTAMP()) > counted.updated_at
            AND (
                delivered.views != counted.views
                OR delivered.purchases != counted.purchases
                OR delivered.earnings != counted.earnings
            )
        )
        OR (
            delivered.updated_at = counted.updated_at
            AND delivered.views > counted.views
        )
    )
GROUP BY delivered.page_name;
