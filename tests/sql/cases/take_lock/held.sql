-- case: a lock that another holds is not to be had
-- raises: lock page/p is not to be had within 0 seconds: somebody else holds it

-- given
CALL take_lock('page/p', 'one', 60, 0);

-- when
CALL take_lock('page/p', 'two', 60, 0);

-- then
ASSERT (SELECT STRING_AGG(holder) FROM automation_locks) = 'one' AS 'holder';
