CREATE TABLE IF NOT EXISTS `{{ project }}`.`{{ dataset }}`.caption_choices (
    assignment_id STRING NOT NULL OPTIONS (description = 'Assignment that the choice became, as in active_caption_assignments'),
    page_name STRING NOT NULL OPTIONS (description = 'Creator page'),
    caption_id STRING NOT NULL OPTIONS (description = 'Caption chosen'),
    scheduled_send_date DATE NOT NULL OPTIONS (description = 'Business day of the send'),
    chosen_at TIMESTAMP NOT NULL OPTIONS (description = 'When the caption was chosen'),
    policy STRING NOT NULL OPTIONS (description = 'What captions were ranked by: index, beta or wilson'),
    is_random BOOL NOT NULL OPTIONS (description = 'TRUE when the caption was drawn at random among the free ones, whatever its rank'),
    is_untried BOOL NOT NULL OPTIONS (description = 'TRUE when no message with the caption had been counted for the page'),
    free_captions INT64 NOT NULL OPTIONS (description = 'Captions that were free: a random draw took each with the same chance'),
    score FLOAT64 NOT NULL OPTIONS (description = 'What the caption was ranked by, in US dollars per view'),
    expected_value FLOAT64 NOT NULL OPTIONS (description = 'Mean of what was known of the caption, in US dollars per view'),
    best_value FLOAT64 NOT NULL OPTIONS (description = 'The same of the caption at this place when ranked by the mean alone')
)
PARTITION BY scheduled_send_date
CLUSTER BY page_name, caption_id
OPTIONS (
    description = 'Why each caption was chosen. The random ones are a sample of what pages earn without any ranking; selection_effects compares the others with them.',
    partition_expiration_days = {{ automation.feedback_window_days }}
);
