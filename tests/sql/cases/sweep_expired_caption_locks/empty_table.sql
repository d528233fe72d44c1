-- case: an empty lock table is swept without an alert

-- when
CALL sweep_expired_caption_locks();

-- then
ASSERT (SELECT MIN(active_after) FROM lock_sweep_log) = 0 AS 'one log row';
ASSERT (SELECT COUNT(*) FROM automation_alerts) = 0 AS 'no alert';
