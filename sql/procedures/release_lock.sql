CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.release_lock(held_lock STRING, old_holder STRING)
OPTIONS (
    description = 'Gives back a lock that take_lock gave, or all of the holder when held_lock is NULL. Without effect when another holder has it by now.'
)
BEGIN
    DECLARE is_settled BOOL DEFAULT FALSE;
    DECLARE waited_seconds FLOAT64 DEFAULT 0;

    WHILE NOT is_settled DO
        BEGIN
            UPDATE `{{ project }}`.`{{ dataset }}`.automation_locks
            SET
                holder = NULL,
                held_until = NULL
            WHERE
                lock_name = COALESCE(held_lock, lock_name)
                AND holder = old_holder;
            SET is_settled = TRUE;
        EXCEPTION WHEN ERROR THEN
            IF waited_seconds >= {{ automation.lock_wait_seconds }} THEN
                RAISE;
            END IF;
            CALL `{{ project }}`.`{{ dataset }}`.pause_before_retry(waited_seconds);
        END;
    END WHILE;
END;
