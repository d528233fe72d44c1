CREATE TABLE IF NOT EXISTS `{{ project }}`.`{{ dataset }}`.page_figures (
    page_name STRING NOT NULL OPTIONS (description = 'Creator page'),
    message_views FLOAT64 NOT NULL OPTIONS (description = 'Mean views of the messages counted'),
    daily_target INT64 NOT NULL OPTIONS (description = 'Messages per day that a page of this size carries'),
    classes ARRAY<STRUCT<
        class STRING OPTIONS (description = 'Class of captions'),
        rate_ratio FLOAT64 OPTIONS (description = 'As in class_ratios'),
        value_ratio FLOAT64 OPTIONS (description = 'As in class_ratios'),
        tiring FLOAT64 OPTIONS (description = 'As in class_ratios')
    >> OPTIONS (description = 'The rows of class_ratios'),
    weekdays ARRAY<STRUCT<
        weekday INT64 OPTIONS (description = 'Day of the week, 1 is Sunday'),
        rate_ratio FLOAT64 OPTIONS (description = 'As in weekday_ratios')
    >> OPTIONS (description = 'The rows of weekday_ratios'),
    holidays ARRAY<STRUCT<
        holiday_date DATE OPTIONS (description = 'Day of the holiday'),
        factor FLOAT64 OPTIONS (description = 'Share of the usual volume that the day carries')
    >> OPTIONS (description = 'Days of the coming year that carry less than others'),
    refreshed_at TIMESTAMP NOT NULL OPTIONS (description = 'When the figures were computed')
)
CLUSTER BY page_name
OPTIONS (
    description = 'What a selection knows of a page besides its captions, so that a call reads one small table instead of five. One row per page that has sent, written by refresh_page_figures only; where it is missing or old, selection computes the same (live_page_figures).'
);
