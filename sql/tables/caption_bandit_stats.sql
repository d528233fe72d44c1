-- validate: allow unfiltered-read each arm is one row in the partition of its last change, so readers want all of them
CREATE TABLE IF NOT EXISTS `{{ project }}`.`{{ dataset }}`.caption_bandit_stats (
    page_name STRING NOT NULL OPTIONS (description = 'Creator page'),
    caption_id STRING NOT NULL OPTIONS (description = 'Caption, as in caption_bank'),
    last_used TIMESTAMP OPTIONS (description = 'Newest send of the caption on the page'),
    last_updated TIMESTAMP NOT NULL OPTIONS (description = 'When this row last changed'),
    successes INT64 NOT NULL OPTIONS (description = 'Views that ended in a purchase; counted, without any prior'),
    failures INT64 NOT NULL OPTIONS (description = 'Views that did not end in a purchase; counted, without any prior'),
    total_views INT64 OPTIONS (description = 'Views of all messages counted'),
    engagement_count INT64 OPTIONS (description = 'Purchases of all messages counted, at most one per view'),
    wilson_score_lower_bound FLOAT64 OPTIONS (description = 'Lower end of the 95% Wilson interval of the purchase rate, 0 to 1'),
    wilson_score_upper_bound FLOAT64 OPTIONS (description = 'Upper end of the 95% Wilson interval of the purchase rate, 0 to 1'),
    caption_key STRING OPTIONS (description = 'SHA-256 of the normalised caption text, 64 hexadecimal digits'),
    total_emv NUMERIC OPTIONS (description = 'Earnings of all messages counted, in US dollars'),
    avg_emv FLOAT64 OPTIONS (description = 'Earnings per view, in US dollars'),
    last_observed_at TIMESTAMP OPTIONS (description = 'Newest message result counted here'),
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP() OPTIONS (description = 'When the row was first written'),
    recent_sends FLOAT64 OPTIONS (description = 'Load that the newest send left: messages up to it, one that is eros:selection.recoveryDays older weighs half'),
    load_views FLOAT64 OPTIONS (description = 'Views of each message times the load it was sent under, added up'),
    load_squares FLOAT64 OPTIONS (description = 'Views of each message times the square of its load, added up'),
    load_purchases FLOAT64 OPTIONS (description = 'Purchases of each message times its load, added up')
)
PARTITION BY DATE(last_updated)
CLUSTER BY page_name, caption_id, last_used
OPTIONS (
    description = 'What each caption has earned on each page: the counts that selection draws from. One row per page and caption, written by update_caption_performance only.'{% if retention.caption_bandit_stats_days %},
    partition_expiration_days = {{ retention.caption_bandit_stats_days }}{% endif %}
);
