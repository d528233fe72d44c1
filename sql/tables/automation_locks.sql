CREATE TABLE IF NOT EXISTS `{{ project }}`.`{{ dataset }}`.automation_locks (
    lock_name STRING NOT NULL OPTIONS (description = 'What is locked, for example page/NAME or job/NAME'),
    version INT64 NOT NULL OPTIONS (description = 'Times the lock was taken'),
    locked_at TIMESTAMP NOT NULL OPTIONS (description = 'When the lock was last taken'),
    holder STRING OPTIONS (description = 'Who holds it beyond a transaction, or NULL'),
    held_until TIMESTAMP OPTIONS (description = 'When the lock of a holder that has died ends')
)
CLUSTER BY lock_name
OPTIONS (
    description = 'One row per thing that only one may change at a time. A transaction updates its row first, so BigQuery aborts all but one of them, whatever rows they want, and they try again; work of several statements holds the row for a while (take_lock).'
);
