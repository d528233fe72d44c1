-- case: a run that ended between its two statements is made good by the next, without a row twice

-- given
INSERT INTO active_caption_assignments (assignment_id, page_name, caption_id, scheduled_send_date, assigned_at, is_active, deactivated_at)
VALUES ('old', 'p', 'c1', '2026-01-01', '2026-01-01 00:00:00 UTC', FALSE, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 91 DAY));
INSERT INTO archived_caption_assignments (assignment_id, page_name, caption_id, scheduled_send_date, assigned_at, archived_at)
VALUES ('old', 'p', 'c1', '2026-01-01', '2026-01-01 00:00:00 UTC', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 DAY));

-- when
CALL archive_inactive_assignments();

-- then
ASSERT (SELECT COUNT(*) FROM active_caption_assignments) = 0 AS 'nothing is left';
ASSERT (SELECT COUNT(*) FROM archived_caption_assignments) = 1 AS 'one row in the archive';
