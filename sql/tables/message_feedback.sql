CREATE TABLE IF NOT EXISTS `{{ project }}`.`{{ dataset }}`.message_feedback (
    message_id STRING NOT NULL OPTIONS (description = 'Message, as in mass_messages'),
    page_name STRING NOT NULL OPTIONS (description = 'Creator page'),
    caption_id STRING OPTIONS (description = 'Caption that the message carried; NULL when none matches'),
    sent_at TIMESTAMP NOT NULL OPTIONS (description = 'When the message was sent'),
    views INT64 NOT NULL OPTIONS (description = 'Views, at least 0'),
    purchases INT64 NOT NULL OPTIONS (description = 'Purchases, 0 to views'),
    earnings NUMERIC NOT NULL OPTIONS (description = 'Earnings in US dollars, at least 0'),
    updated_at TIMESTAMP NOT NULL OPTIONS (description = 'When the result was delivered'),
    counted_at TIMESTAMP NOT NULL OPTIONS (description = 'When the result was counted')
)
PARTITION BY DATE(sent_at)
CLUSTER BY page_name, caption_id
OPTIONS (
    description = 'The newest result of each message that update_caption_performance has counted. It makes the feedback repeatable: a message delivered again replaces its own row.',
    partition_expiration_days = {{ automation.feedback_window_days }},
    require_partition_filter = TRUE
);
