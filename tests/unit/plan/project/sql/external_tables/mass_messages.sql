CREATE TABLE IF NOT EXISTS `{{ project }}`.`{{ dataset }}`.mass_messages (
    message_id STRING NOT NULL OPTIONS (description = 'Message'),
    page_name STRING NOT NULL OPTIONS (description = 'Creator page that sent the message'),
    caption_id STRING OPTIONS (description = 'Caption sent, when the sender knows it'),
    message_text STRING OPTIONS (description = 'Text sent'),
    sent_at TIMESTAMP NOT NULL OPTIONS (description = 'When the message was sent'),
    sent_count INT64 OPTIONS (description = 'Recipients'),
    viewed_count INT64 OPTIONS (description = 'Recipients that opened the message'),
    purchased_count INT64 OPTIONS (description = 'Recipients that bought its content'),
    price NUMERIC OPTIONS (description = 'Price of the content in US dollars'),
    earnings NUMERIC OPTIONS (description = 'Earnings of the message in US dollars'),
    updated_at TIMESTAMP NOT NULL OPTIONS (description = 'When this result was delivered')
)
PARTITION BY DATE(sent_at)
CLUSTER BY page_name
OPTIONS (
    description = 'Messages sent, with their results. Owned by another system; created here on greenfield stacks only. Results grow after the send: a later delivery of a message_id replaces the earlier one.'
);
