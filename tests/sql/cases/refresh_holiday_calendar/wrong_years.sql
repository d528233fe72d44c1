-- case: years in the wrong order are refused
-- raises: the years must be 1971 to 2199

-- when
CALL refresh_holiday_calendar(2030, 2024);

-- then
ASSERT (SELECT COUNT(*) FROM holiday_calendar) = 0 AS 'no row';
