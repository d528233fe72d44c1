-- case: who finds one of two rows held does not get the other

-- given
CALL take_lock('page/p', 'one', 60, 0);
INSERT INTO automation_locks (lock_name, version, locked_at) VALUES ('page/p', 0, CURRENT_TIMESTAMP());

-- when
BEGIN
    CALL take_lock('page/p', 'two', 60, 0);
EXCEPTION WHEN ERROR THEN
    SELECT @@error.message;
END;

-- then
ASSERT (SELECT COUNTIF(holder = 'two') FROM automation_locks) = 0 AS 'not held';
