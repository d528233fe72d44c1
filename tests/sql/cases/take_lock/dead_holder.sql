-- case: the lock of a holder that died is free when its lease ends

-- given
CALL take_lock('page/p', 'one', 0, 0);

-- when
CALL take_lock('page/p', 'two', 60, 0);

-- then
ASSERT (SELECT STRING_AGG(holder) FROM automation_locks) = 'two' AS 'holder';
