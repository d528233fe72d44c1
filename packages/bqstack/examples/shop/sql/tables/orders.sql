CREATE TABLE IF NOT EXISTS `{{ project }}`.`{{ dataset }}`.orders (
    order_id STRING NOT NULL OPTIONS (description = 'Id of the order'),
    ordered_at TIMESTAMP NOT NULL OPTIONS (description = 'When it was placed'),
    cents INT64 NOT NULL OPTIONS (description = 'What was paid, in cents'),
    note STRING OPTIONS (description = 'What the customer wrote')
)
PARTITION BY DATE(ordered_at)
OPTIONS (description = 'One row per order.');
