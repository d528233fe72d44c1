CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.release_page_lock(for_page STRING, old_holder STRING)
OPTIONS (
    description = 'Gives back a lock that take_page_lock gave. Without effect when another holder has it by now.'
)
BEGIN
    DECLARE bucket DATE DEFAULT `{{ project }}`.`{{ dataset }}`.lock_bucket(for_page);
    DECLARE is_settled BOOL DEFAULT FALSE;
    DECLARE waited_seconds FLOAT64 DEFAULT 0;

    WHILE NOT is_settled DO
        BEGIN
            UPDATE `{{ project }}`.`{{ dataset }}`.page_locks
            SET
                holder = NULL,
                held_until = NULL
            WHERE
                lock_bucket = bucket
                AND page_name = for_page
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
