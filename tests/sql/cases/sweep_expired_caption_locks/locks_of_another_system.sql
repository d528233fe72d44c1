-- case: a stack that names another table of locks sweeps it, too: what has ended, nothing else, once
-- settings: {"captionLocks": {"table": "caption_locks"}}

-- given
INSERT INTO caption_locks (caption_id, expires_at, is_active)
VALUES
('ended', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), TRUE),
('to come', TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), TRUE),
('for ever', NULL, TRUE),
('released', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), FALSE);
INSERT INTO active_caption_assignments (assignment_id, page_name, caption_id, scheduled_send_date, assigned_at, is_active)
VALUES ('past', 'p', 'c', DATE_SUB(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), CURRENT_TIMESTAMP(), TRUE);

-- when
CALL sweep_expired_caption_locks();
CALL sweep_expired_caption_locks();

-- then
ASSERT (SELECT STRING_AGG(caption_id ORDER BY caption_id) FROM caption_locks WHERE is_active) = 'for ever,to come' AS 'only what has ended';
ASSERT (SELECT COUNT(*) FROM caption_locks) = 4 AS 'no row is deleted';
ASSERT (SELECT STRING_AGG(CAST(expired_deactivated AS STRING) ORDER BY sweep_time) FROM lock_sweep_log) = '2,0' AS 'both tables count, once';
ASSERT (SELECT STRING_AGG(CAST(active_after AS STRING) ORDER BY sweep_time) FROM lock_sweep_log) = '2,2' AS 'both tables are the load';
