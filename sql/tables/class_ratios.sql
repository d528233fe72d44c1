CREATE TABLE IF NOT EXISTS `{{ project }}`.`{{ dataset }}`.class_ratios (
    class STRING NOT NULL OPTIONS (description = 'Class of captions, as price_class gives it'),
    captions INT64 NOT NULL OPTIONS (description = 'Captions of the class that have been sent, over all pages'),
    rate_ratio FLOAT64 NOT NULL OPTIONS (description = 'Purchases per view of the class in times those of its page'),
    value_ratio FLOAT64 NOT NULL OPTIONS (description = 'Earnings per view of the class in times those of its page'),
    refreshed_at TIMESTAMP NOT NULL OPTIONS (description = 'When the ratios were computed'),
    tiring FLOAT64 OPTIONS (description = 'What a send takes off the logarithm of a rate of the class; NULL counts as eros:selection.recovery')
)
OPTIONS (
    description = 'What a class of captions is worth in times the mean of its page, pooled over all pages: the prior of classes that a page has not tried. One row per class, written by refresh_class_ratios only.'
);
