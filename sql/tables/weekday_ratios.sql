CREATE TABLE IF NOT EXISTS `{{ project }}`.`{{ dataset }}`.weekday_ratios (
    weekday INT64 NOT NULL OPTIONS (description = 'Day of the week of the business day of a send, 1 is Sunday'),
    messages INT64 NOT NULL OPTIONS (description = 'Messages that the ratio was computed from'),
    rate_ratio FLOAT64 NOT NULL OPTIONS (description = 'Purchases of the weekday in times those that its captions lead to expect'),
    refreshed_at TIMESTAMP NOT NULL OPTIONS (description = 'When the ratio was computed')
)
OPTIONS (
    description = 'How well a weekday sells what is sent on it, pooled over all pages: on a weak one, good captions wait for a better. Seven rows, written by refresh_class_ratios only.'
);
