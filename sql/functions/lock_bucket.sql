CREATE OR REPLACE FUNCTION `{{ project }}`.`{{ dataset }}`.lock_bucket(page_name STRING)
RETURNS DATE
OPTIONS (
    description = 'Partition of page_locks that holds the lock of a page: one of 64, by a hash of the name.'
)
AS (
    DATE_ADD(DATE '1970-01-01', INTERVAL ABS(MOD(FARM_FINGERPRINT(page_name), 64)) DAY)
);
