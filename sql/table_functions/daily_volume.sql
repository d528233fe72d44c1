CREATE OR REPLACE TABLE FUNCTION `{{ project }}`.`{{ dataset }}`.daily_volume(first_date DATE, last_date DATE)  -- noqa: LT01
OPTIONS (
    description = 'For each day of a range the share of its usual volume that it carries: the smallest factor of its holidays, 1 without one.'
)
AS (
    SELECT
        day AS volume_date,
        COALESCE(MIN(holidays.saturation_impact_factor), 1.0) AS factor
    FROM UNNEST(GENERATE_DATE_ARRAY(first_date, last_date)) AS day
    LEFT JOIN (
        SELECT
            holiday_date,
            saturation_impact_factor
        FROM `{{ project }}`.`{{ dataset }}`.holiday_calendar
        WHERE holiday_date BETWEEN first_date AND last_date
    ) AS holidays
        ON day = holidays.holiday_date
    GROUP BY day
);
