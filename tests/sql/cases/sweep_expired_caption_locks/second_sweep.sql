-- case: a second sweep finds nothing to do

-- given
INSERT INTO active_caption_assignments (assignment_id, page_name, caption_id, scheduled_send_date, assigned_at, is_active)
VALUES
    ('a', 'p', 'c1', DATE_SUB(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), CURRENT_TIMESTAMP(), TRUE);
CALL sweep_expired_caption_locks();

-- when
CALL sweep_expired_caption_locks();

-- then
ASSERT (SELECT COUNT(*) FROM lock_sweep_log WHERE expired_deactivated + stale_deactivated = 0) = 1 AS 'the second sweep deactivated rows';
ASSERT (SELECT COUNT(*) FROM lock_sweep_log) = 2 AS 'each sweep is logged';
