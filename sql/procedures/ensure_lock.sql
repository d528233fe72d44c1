CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.ensure_lock(wanted_lock STRING)
OPTIONS (
    description = 'Makes sure that automation_locks has a row of this name. Two callers at once may leave two rows: harmless, since who takes the lock updates both.'
)
BEGIN
    IF NOT EXISTS (
        SELECT 1
        FROM `{{ project }}`.`{{ dataset }}`.automation_locks
        WHERE lock_name = wanted_lock
    ) THEN
        INSERT INTO `{{ project }}`.`{{ dataset }}`.automation_locks (
            lock_name,
            version,
            locked_at
        )
        VALUES (
            wanted_lock,
            0,
            CURRENT_TIMESTAMP()
        );
    END IF;
END;
