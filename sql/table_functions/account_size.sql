CREATE OR REPLACE TABLE FUNCTION `{{ project }}`.`{{ dataset }}`.account_size(for_page STRING, on_date DATE)  -- noqa: LT01
OPTIONS (
    description = 'What account_sizes says of one page: no row unless it is active. It reads the messages of this page only.'
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
            page_name = for_page
            AND DATE(sent_at) BETWEEN DATE_SUB(on_date, INTERVAL {{ automation.active_days }} DAY) AND DATE_ADD(on_date, INTERVAL 1 DAY)
            AND DATE(sent_at, '{{ time_zone }}') BETWEEN DATE_SUB(on_date, INTERVAL {{ automation.active_days }} DAY) AND on_date
        GROUP BY page_name
    )
);
