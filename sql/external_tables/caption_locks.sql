{% if caption_locks and caption_locks.table == "caption_locks" %}
CREATE TABLE IF NOT EXISTS `{{ project }}`.`{{ dataset }}`.caption_locks (
    caption_id STRING NOT NULL OPTIONS (description = 'Caption reserved'),
    {{ caption_locks.expires_column }} TIMESTAMP OPTIONS (description = 'When the lock ends; NULL is never'),
    {{ caption_locks.active_column }} BOOL NOT NULL OPTIONS (description = 'TRUE while the lock holds')
)
CLUSTER BY {{ caption_locks.active_column }}
OPTIONS (
    description = 'Locks of captions that another system keeps beside the assignments. Part of a stack whose eros:captionLocks names it; created here on greenfield stacks only. Rows are deactivated, not deleted.'
);
{% endif %}
