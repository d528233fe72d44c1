CREATE TABLE IF NOT EXISTS `{{ project }}`.`{{ dataset }}`.schedule_recommendations (
    recommendation_id STRING NOT NULL OPTIONS (description = 'Recommendation'),
    page_name STRING NOT NULL OPTIONS (description = 'Creator page'),
    caption_id STRING OPTIONS (description = 'Caption recommended'),
    schedule_date DATE NOT NULL OPTIONS (description = 'Business day of the send'),
    send_at TIMESTAMP OPTIONS (description = 'Time of the send'),
    created_at TIMESTAMP NOT NULL OPTIONS (description = 'When the recommendation was made')
)
PARTITION BY schedule_date
CLUSTER BY page_name
OPTIONS (
    description = 'Schedules produced by the schedule builder. Owned by another system; created here on greenfield stacks only.'
);
