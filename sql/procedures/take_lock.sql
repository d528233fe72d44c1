CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.take_lock(
    wanted_lock STRING,
    new_holder STRING,
    lease_seconds INT64,
    patience_seconds INT64
)
OPTIONS (
    description = 'Waits for the lock and holds it until release_lock, or until the lease ends. An error when it is not to be had in time. No transaction stays open, so BigQuery queues those who want other locks instead of aborting them.'
)
BEGIN
    DECLARE deadline TIMESTAMP DEFAULT TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL patience_seconds SECOND);
    DECLARE waited_seconds FLOAT64 DEFAULT 0;
    DECLARE is_held BOOL DEFAULT FALSE;
    DECLARE failure STRING;

    CALL `{{ project }}`.`{{ dataset }}`.ensure_lock(wanted_lock);

    WHILE NOT is_held DO
        BEGIN
            -- The lock may have two rows (ensure_lock), so nobody else may hold any of them.
            UPDATE `{{ project }}`.`{{ dataset }}`.automation_locks
            SET
                version = version + 1,
                locked_at = CURRENT_TIMESTAMP(),
                holder = new_holder,
                held_until = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL lease_seconds SECOND)
            WHERE
                lock_name = wanted_lock
                AND NOT EXISTS (
                    SELECT 1
                    FROM `{{ project }}`.`{{ dataset }}`.automation_locks AS others
                    WHERE
                        others.lock_name = wanted_lock
                        AND others.holder != new_holder
                        AND others.held_until > CURRENT_TIMESTAMP()
                );
            SET is_held = @@row_count > 0;
            SET failure = 'somebody else holds it';
        EXCEPTION WHEN ERROR THEN
            -- Too many statements at once on the table: as good as held by somebody else.
            SET failure = @@error.message;
            CALL `{{ project }}`.`{{ dataset }}`.pause_before_retry(waited_seconds);
        END;
        IF NOT is_held AND (CURRENT_TIMESTAMP() >= deadline OR waited_seconds >= patience_seconds) THEN
            RAISE USING MESSAGE = FORMAT('lock %s is not to be had within %d seconds: %s', wanted_lock, patience_seconds, failure);
        END IF;
        -- Reading gets in nobody's way; the UPDATE does, so it waits until the lock looks free.
        -- Waited seconds count on a clock that stands still, too.
        WHILE NOT is_held AND CURRENT_TIMESTAMP() < deadline AND waited_seconds < patience_seconds AND EXISTS (
            SELECT 1
            FROM `{{ project }}`.`{{ dataset }}`.automation_locks
            WHERE
                lock_name = wanted_lock
                AND holder != new_holder
                AND held_until > CURRENT_TIMESTAMP()
        ) DO
            CALL `{{ project }}`.`{{ dataset }}`.pause_before_retry(waited_seconds);
        END WHILE;
    END WHILE;
END;
