-- validate: allow unfiltered-read the sweep is to find locks of any age
CREATE TABLE IF NOT EXISTS `{{ project }}`.`{{ dataset }}`.active_caption_assignments (
    assignment_id STRING NOT NULL OPTIONS (description = 'Assignment'),
    page_name STRING NOT NULL OPTIONS (description = 'Creator page'),
    caption_id STRING NOT NULL OPTIONS (description = 'Caption reserved'),
    scheduled_send_date DATE NOT NULL OPTIONS (description = 'Business day of the send'),
    assigned_at TIMESTAMP NOT NULL OPTIONS (description = 'When the caption was reserved'),
    is_active BOOL NOT NULL OPTIONS (description = 'TRUE while the reservation holds'),
    deactivated_at TIMESTAMP OPTIONS (description = 'When the reservation ended'),
    deactivation_reason STRING OPTIONS (description = 'Why the reservation ended')
)
PARTITION BY scheduled_send_date
CLUSTER BY page_name, is_active
OPTIONS (
    description = 'Captions reserved for a page up to their send date. Owned by another system; created here on greenfield stacks only. Rows are deactivated, not deleted.'
);
