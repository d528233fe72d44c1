CREATE TABLE IF NOT EXISTS `{{ project }}`.`{{ dataset }}`.page_locks (
    page_name STRING NOT NULL OPTIONS (description = 'Creator page that is locked'),
    lock_bucket DATE NOT NULL OPTIONS (description = 'Partition of the page: one of 64 days of 1970, chosen by a hash of its name'),
    version INT64 NOT NULL OPTIONS (description = 'Times the lock was taken'),
    locked_at TIMESTAMP NOT NULL OPTIONS (description = 'When the lock was last taken'),
    holder STRING OPTIONS (description = 'Selection that holds it, or NULL'),
    held_until TIMESTAMP OPTIONS (description = 'When the lock of a holder that has died ends')
)
PARTITION BY lock_bucket
CLUSTER BY page_name
OPTIONS (
    description = 'One row per page that only one selection may change at a time. BigQuery finds conflicts of UPDATE statements by partition, so pages of different buckets do not wait for each other.'
);
