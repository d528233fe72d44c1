CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.release_lock(held_lock STRING, old_holder STRING)
OPTIONS (
    description = 'Gives back a lock that take_lock gave. Without effect when another holder has it by now.'
)
BEGIN
    UPDATE `{{ project }}`.`{{ dataset }}`.automation_locks
    SET
        holder = NULL,
        held_until = NULL
    WHERE
        lock_name = held_lock
        AND holder = old_holder;
END;
