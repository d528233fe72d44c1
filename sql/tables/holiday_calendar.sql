CREATE TABLE IF NOT EXISTS `{{ project }}`.`{{ dataset }}`.holiday_calendar (
    holiday_date DATE NOT NULL OPTIONS (description = 'Day of the holiday'),
    holiday_name STRING NOT NULL OPTIONS (description = 'Name of the holiday'),
    holiday_type STRING OPTIONS (description = 'FEDERAL, COMMERCIAL or CULTURAL'),
    is_major_holiday BOOL OPTIONS (description = 'TRUE for days of significant impact'),
    saturation_impact_factor FLOAT64 OPTIONS (description = 'Share of the usual volume that the day carries, 0.6 to 1.0')
)
PARTITION BY DATE_TRUNC(holiday_date, YEAR)
OPTIONS (
    description = 'United States holidays that change how many messages a page can carry. Written by refresh_holiday_calendar; one row per date and name.'
);
