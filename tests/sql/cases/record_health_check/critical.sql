-- case: a pool below 200 captions is critical, fails its check and alerts once

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
SELECT
    FORMAT('c%03d', x),
    'p',
    CONCAT('text ', CAST(x AS STRING)),
    TRUE,
    CURRENT_TIMESTAMP()
FROM UNNEST(GENERATE_ARRAY(1, 199)) AS x;
INSERT INTO active_caption_assignments (assignment_id, page_name, caption_id, scheduled_send_date, assigned_at, is_active)
VALUES ('a', 'p', 'c001', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), CURRENT_TIMESTAMP(), TRUE);
CALL record_health_check();

-- when
CALL record_health_check();

-- then
ASSERT (SELECT STRING_AGG(DISTINCT FORMAT('%d %s %d', health_score, status, checks_passed)) FROM health_checks) = '80 CRITICAL 6' AS 'score';
ASSERT (SELECT COUNT(*) FROM automation_alerts WHERE alert_level = 'CRITICAL') = 1 AS 'one alert for two checks';
