CREATE TABLE IF NOT EXISTS `{{ project }}`.`{{ dataset }}`.messages (
    message_id STRING NOT NULL,
    page_name STRING,
    sent_at TIMESTAMP NOT NULL,
    views INT64,
    earnings NUMERIC,
    tags ARRAY<STRING>,
    price STRUCT<amount NUMERIC, currency STRING>
)
PARTITION BY DATE(sent_at);
