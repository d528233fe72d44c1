CREATE OR REPLACE TABLE FUNCTION `{{ project }}`.`{{ dataset }}`.account_sizes(on_date DATE)  -- noqa: LT01
OPTIONS (
    description = 'The pages that are active in the {{ automation.active_days }} days up to a business day, classed by the median recipients of their messages, with the messages per day that a page of that size carries. One page by itself is account_size.'
)
AS (
    SELECT
        page_name,
        messages,
        audience,
        CASE
            WHEN audience >= {{ automation.large_audience }} THEN 'LARGE'
            WHEN audience >= {{ automation.medium_audience }} THEN 'MEDIUM'
            ELSE 'SMALL'
        END AS account_size,
        CASE
            WHEN audience >= {{ automation.large_audience }} THEN {{ automation.large_daily_target }}
            WHEN audience >= {{ automation.medium_audience }} THEN {{ automation.medium_daily_target }}
            ELSE {{ automation.small_daily_target }}
        END AS daily_target
    FROM (
        SELECT
            page_name,
            COUNT(DISTINCT message_id) AS messages,
            COALESCE(APPROX_QUANTILES(`{{ project }}`.`{{ dataset }}`.non_negative(sent_count), 2)[SAFE_OFFSET(1)], 0) AS audience
        FROM `{{ project }}`.`{{ dataset }}`.mass_messages
        WHERE
            DATE(sent_at) BETWEEN DATE_SUB(on_date, INTERVAL {{ automation.active_days }} DAY) AND DATE_ADD(on_date, INTERVAL 1 DAY)
            AND DATE(sent_at, '{{ time_zone }}') BETWEEN DATE_SUB(on_date, INTERVAL {{ automation.active_days }} DAY) AND on_date
        GROUP BY page_name
    )
);
