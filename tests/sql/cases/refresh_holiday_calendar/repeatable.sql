-- case: a second refresh changes nothing and keeps rows of other years and names

-- given
INSERT INTO holiday_calendar (holiday_date, holiday_name)
VALUES ('2019-07-04', 'Independence Day'), ('2025-07-04', 'Our own day');
CALL refresh_holiday_calendar(2025, 2025);

-- when
CALL refresh_holiday_calendar(2025, 2025);

-- then
ASSERT (SELECT COUNT(*) FROM holiday_calendar) = 22 AS 'twenty computed rows and two others';
ASSERT (SELECT COUNT(DISTINCT CONCAT(CAST(holiday_date AS STRING), holiday_name)) FROM holiday_calendar) = 22 AS 'no row twice';
