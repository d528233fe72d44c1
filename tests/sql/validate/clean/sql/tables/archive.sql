-- validate: allow unfiltered-read partitions only let old rows expire, readers want all rows
CREATE TABLE IF NOT EXISTS `{{ project }}`.`{{ dataset }}`.archive (
    message_id STRING,
    archived_on DATE
)
PARTITION BY archived_on;
