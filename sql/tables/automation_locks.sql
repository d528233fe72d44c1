CREATE TABLE IF NOT EXISTS `{{ project }}`.`{{ dataset }}`.automation_locks (
    lock_name STRING NOT NULL OPTIONS (description = 'What is locked, for example page/NAME or job/NAME'),
    version INT64 NOT NULL OPTIONS (description = 'Times the lock was taken'),
    locked_at TIMESTAMP NOT NULL OPTIONS (description = 'When the lock was last taken')
)
CLUSTER BY lock_name
OPTIONS (
    description = 'One row per thing that only one transaction may change at a time. Transactions update their row first, so BigQuery aborts all but one of them.'
);
