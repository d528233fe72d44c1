-- case: 2025 has exactly the twenty holidays of the specification, on their dates

-- when
CALL refresh_holiday_calendar(2024, 2030);

-- then
ASSERT (
    SELECT STRING_AGG(FORMAT_DATE('%m-%d', holiday_date), ' ' ORDER BY holiday_date, holiday_name)
    FROM holiday_calendar
    WHERE holiday_date BETWEEN '2025-01-01' AND '2025-12-31'
) = '01-01 01-20 02-14 02-17 03-17 04-20 05-11 05-26 06-15 06-19 07-04 09-01 10-13 10-31 11-11 11-27 11-28 12-24 12-25 12-31' AS 'dates of 2025';
ASSERT (
    SELECT LOGICAL_AND(saturation_impact_factor BETWEEN 0.6 AND 1.0)
    FROM holiday_calendar
) AS 'factors are 0.6 to 1.0';
ASSERT (
    SELECT saturation_impact_factor
    FROM holiday_calendar
    WHERE holiday_date = '2025-12-25'
) = 0.6 AS 'Christmas Day carries the least';
ASSERT (
    SELECT STRING_AGG(FORMAT('%s %d', holiday_type, n), ', ' ORDER BY holiday_type)
    FROM (
        SELECT holiday_type, COUNT(*) AS n
        FROM holiday_calendar
        WHERE EXTRACT(YEAR FROM holiday_date) = 2025
        GROUP BY holiday_type
    )
) = 'COMMERCIAL 4, CULTURAL 6, FEDERAL 10' AS 'types';
ASSERT (SELECT COUNT(*) FROM holiday_calendar) = 140 AS 'seven years of twenty';
