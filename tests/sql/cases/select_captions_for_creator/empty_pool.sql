-- case: a page without captions gives none and warns

-- when
CALL select_captions_for_creator('nobody', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), 5, 1);

-- then
ASSERT (SELECT COUNT(*) FROM active_caption_assignments) = 0 AS 'no lock';
ASSERT (SELECT STRING_AGG(CONCAT(alert_level, ' ', alert_name)) FROM automation_alerts) = 'WARNING No caption to select' AS 'alert';
