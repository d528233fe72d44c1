-- case: a lock that nobody holds is held from then on, and counted once

-- when
CALL take_lock('page/p', 'one', 60, 0);

-- then
ASSERT (SELECT STRING_AGG(CONCAT(holder, ' ', CAST(version AS STRING))) FROM automation_locks) = 'one 1' AS 'holder';
ASSERT (SELECT LOGICAL_AND(held_until BETWEEN CURRENT_TIMESTAMP() AND TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 60 SECOND)) FROM automation_locks) AS 'lease';
