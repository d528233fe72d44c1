-- case: assignments that ended more than ninety days ago move to the archive

-- given
INSERT INTO active_caption_assignments (assignment_id, page_name, caption_id, scheduled_send_date, assigned_at, is_active, deactivated_at)
VALUES
    ('old', 'p', 'c1', '2026-01-01', '2026-01-01 00:00:00 UTC', FALSE, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 91 DAY)),
    ('recent', 'p', 'c2', '2026-01-01', '2026-01-01 00:00:00 UTC', FALSE, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 89 DAY)),
    ('active', 'p', 'c3', '2026-01-01', '2026-01-01 00:00:00 UTC', TRUE, NULL);

-- when
CALL archive_inactive_assignments();

-- then
ASSERT (SELECT STRING_AGG(assignment_id, ' ' ORDER BY assignment_id) FROM active_caption_assignments) = 'active recent' AS 'what stays';
ASSERT (SELECT STRING_AGG(assignment_id) FROM archived_caption_assignments) = 'old' AS 'what moved';
