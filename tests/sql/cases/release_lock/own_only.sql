-- case: a holder gives back its own lock only

-- given
CALL take_lock('page/p', 'one', 60, 0);
CALL take_lock('page/q', 'two', 60, 0);

-- when
CALL release_lock('page/p', 'two');
CALL release_lock('page/q', 'two');

-- then
ASSERT (SELECT STRING_AGG(CONCAT(lock_name, ' ', COALESCE(holder, '-')), ', ' ORDER BY lock_name) FROM automation_locks) = 'page/p one, page/q -' AS 'holders';
