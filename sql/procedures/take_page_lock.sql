CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.take_page_lock(
    for_page STRING,
    new_holder STRING,
    lease_seconds INT64,
    patience_seconds INT64
)
OPTIONS (
    description = 'Waits for the lock of a page and holds it until release_page_lock, or until the lease ends. An error when it is not to be had in time. As take_lock, in the partition of the page.'
)
BEGIN
    DECLARE bucket DATE DEFAULT `{{ project }}`.`{{ dataset }}`.lock_bucket(for_page);
    DECLARE deadline TIMESTAMP DEFAULT TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL patience_seconds SECOND);
    DECLARE waited_seconds FLOAT64 DEFAULT 0;
    DECLARE is_held BOOL DEFAULT FALSE;
    DECLARE is_new BOOL DEFAULT FALSE;
    DECLARE failure STRING;

    WHILE NOT is_held DO
        BEGIN
            -- The lock may have two rows, so nobody else may hold any of them.
            UPDATE `{{ project }}`.`{{ dataset }}`.page_locks
            SET
                version = version + 1,
                locked_at = CURRENT_TIMESTAMP(),
                holder = new_holder,
                held_until = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL lease_seconds SECOND)
            WHERE
                lock_bucket = bucket
                AND page_name = for_page
                AND NOT EXISTS (
                    SELECT 1
                    FROM `{{ project }}`.`{{ dataset }}`.page_locks AS others
                    WHERE
                        others.lock_bucket = bucket
                        AND others.page_name = for_page
                        AND others.holder != new_holder
                        AND others.held_until > CURRENT_TIMESTAMP()
                );
            SET is_held = @@row_count > 0;
            SET is_new = FALSE;
            SET failure = 'somebody else holds it';
            -- The first selection of a page makes the row. Two at once may make two: harmless,
            -- since who takes the lock updates both.
            -- cost: 1 of 100
            IF NOT is_held THEN
                SET is_new = NOT EXISTS (
                    SELECT 1
                    FROM `{{ project }}`.`{{ dataset }}`.page_locks
                    WHERE
                        lock_bucket = bucket
                        AND page_name = for_page
                );
                IF is_new THEN
                    INSERT INTO `{{ project }}`.`{{ dataset }}`.page_locks (
                        page_name,
                        lock_bucket,
                        version,
                        locked_at
                    )
                    VALUES (
                        for_page,
                        bucket,
                        0,
                        CURRENT_TIMESTAMP()
                    );
                END IF;
            END IF;
        EXCEPTION WHEN ERROR THEN
            -- Too many statements at once on the table: as good as held by somebody else.
            SET failure = @@error.message;
            SET is_new = FALSE;
            CALL `{{ project }}`.`{{ dataset }}`.pause_before_retry(waited_seconds);
        END;
        -- What reads a table is billed however the conditions before it end, so it stands within.
        -- cost: 1 of 100
        IF NOT is_held THEN
            IF NOT is_new AND (CURRENT_TIMESTAMP() >= deadline OR waited_seconds >= patience_seconds) THEN
                RAISE USING MESSAGE = FORMAT('the lock of page %s is not to be had within %d seconds: %s', for_page, patience_seconds, failure);
            END IF;
            -- Reading gets in nobody's way; the UPDATE does, so it waits until the lock looks free.
            -- Waited seconds count on a clock that stands still, too.
            WHILE CURRENT_TIMESTAMP() < deadline AND waited_seconds < patience_seconds AND EXISTS (
                SELECT 1
                FROM `{{ project }}`.`{{ dataset }}`.page_locks
                WHERE
                    lock_bucket = bucket
                    AND page_name = for_page
                    AND holder != new_holder
                    AND held_until > CURRENT_TIMESTAMP()
            ) DO
                CALL `{{ project }}`.`{{ dataset }}`.pause_before_retry(waited_seconds);
            END WHILE;
        END IF;
    END WHILE;
END;
