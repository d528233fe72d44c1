CREATE TABLE IF NOT EXISTS `{{ project }}`.`{{ dataset }}`.archived_caption_assignments (
    assignment_id STRING NOT NULL OPTIONS (description = 'Assignment'),
    page_name STRING NOT NULL OPTIONS (description = 'Creator page'),
    caption_id STRING NOT NULL OPTIONS (description = 'Caption that was reserved'),
    scheduled_send_date DATE NOT NULL OPTIONS (description = 'Business day of the send'),
    assigned_at TIMESTAMP NOT NULL OPTIONS (description = 'When the caption was reserved'),
    deactivated_at TIMESTAMP OPTIONS (description = 'When the reservation ended'),
    deactivation_reason STRING OPTIONS (description = 'Why the reservation ended'),
    archived_at TIMESTAMP NOT NULL OPTIONS (description = 'When the row was moved here')
)
PARTITION BY scheduled_send_date
CLUSTER BY page_name
OPTIONS (
    description = 'Assignments that ended long ago, moved out of active_caption_assignments by archive_inactive_assignments.'
);
