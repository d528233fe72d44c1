CREATE TABLE IF NOT EXISTS `{{ project }}`.`{{ dataset }}`.captions (
    caption_id STRING NOT NULL OPTIONS (description = 'Caption'),
    caption_text STRING OPTIONS (description = 'Text of the caption')
)
OPTIONS (
    description = 'Legacy caption texts, the fallback of schedule_recommendations_messages. Owned by another system; created here on greenfield stacks only.'
);
