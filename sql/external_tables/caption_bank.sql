CREATE TABLE IF NOT EXISTS `{{ project }}`.`{{ dataset }}`.caption_bank (
    caption_id STRING NOT NULL OPTIONS (description = 'Caption'),
    page_name STRING NOT NULL OPTIONS (description = 'Creator page that may send the caption'),
    caption_text STRING OPTIONS (description = 'Text of the caption'),
    caption_key STRING OPTIONS (description = 'SHA-256 of the normalised text'),
    price_tier STRING OPTIONS (description = 'Price class: captions of a class lend each other what is known of them'),
    is_active BOOL NOT NULL OPTIONS (description = 'TRUE when the caption may be sent'),
    created_at TIMESTAMP NOT NULL OPTIONS (description = 'When the caption was added')
)
CLUSTER BY page_name, caption_id
OPTIONS (
    description = 'Caption library. Owned by another system; created here on greenfield stacks only.'
);
