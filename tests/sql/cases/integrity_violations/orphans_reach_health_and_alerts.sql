-- case: orphans and impossible counts make the health critical and fire a rule

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
SELECT
    FORMAT('c%03d', x),
    'p',
    CONCAT('text ', CAST(x AS STRING)),
    TRUE,
    CURRENT_TIMESTAMP()
FROM UNNEST(GENERATE_ARRAY(1, 600)) AS x;
INSERT INTO active_caption_assignments (assignment_id, page_name, caption_id, scheduled_send_date, assigned_at, is_active)
VALUES
    ('good', 'p', 'c001', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), CURRENT_TIMESTAMP(), TRUE),
    ('orphan', 'p', 'gone', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), CURRENT_TIMESTAMP(), TRUE),
    ('sent', 'p', 'gone long ago', DATE_SUB(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), CURRENT_TIMESTAMP(), TRUE);
INSERT INTO captions (caption_id, caption_text) VALUES ('legacy', 'text');
INSERT INTO schedule_recommendations (recommendation_id, page_name, caption_id, schedule_date, created_at)
VALUES
    ('good', 'p', 'legacy', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), CURRENT_TIMESTAMP()),
    ('orphan', 'p', 'gone', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), CURRENT_TIMESTAMP());
INSERT INTO schedule_generation_queue (page_name, execution_date, status, created_at, attempts)
VALUES
    ('p', CURRENT_DATE('America/Los_Angeles'), 'PENDING', CURRENT_TIMESTAMP(), 0),
    ('nobody', CURRENT_DATE('America/Los_Angeles'), 'PENDING', CURRENT_TIMESTAMP(), 0);
INSERT INTO caption_bandit_stats (page_name, caption_id, last_used, last_updated, successes, failures, total_views, engagement_count, wilson_score_lower_bound, wilson_score_upper_bound, total_emv)
VALUES
    ('p', 'c002', NULL, CURRENT_TIMESTAMP(), -1, 1, 2, 1, 0.1, 0.2, 1),
    ('p', 'c003', NULL, CURRENT_TIMESTAMP(), 1, 1, 2, 1, 0.1, 1.2, 1),
    ('p', 'gone', NULL, CURRENT_TIMESTAMP(), 1, 1, 2, 1, 0.1, 0.2, 1);

-- when
CALL record_health_check();

-- then
ASSERT (
    SELECT STRING_AGG(CONCAT(violation, ': ', page_name, ' ', item), ', ' ORDER BY violation, item) FROM integrity_violations
) = FORMAT(
    'assignment without a caption: p gone, corrupt statistics: p c002, corrupt statistics: p c003, recommendation without a caption: p gone, request of a page without captions: nobody %t, statistics without a caption: p gone',
    CURRENT_DATE('America/Los_Angeles')
) AS 'each violation';
ASSERT (SELECT FORMAT('%s %d/%d', status, checks_passed, checks_total) FROM health_checks) = 'CRITICAL 6/7' AS 'health';
ASSERT (SELECT value FROM stored_figures WHERE figure = 'integrity_violations') = 6 AS 'counted';
ASSERT (SELECT value FROM alert_readings(CURRENT_TIMESTAMP()) WHERE rule_id = 'A30' AND is_beyond) = 6 AS 'rule';
-- The next check reads what was counted; a repair is seen at once by who asks for it.
DELETE FROM caption_bandit_stats WHERE TRUE;
DELETE FROM active_caption_assignments WHERE assignment_id = 'orphan';
DELETE FROM schedule_recommendations WHERE TRUE;
DELETE FROM schedule_generation_queue WHERE TRUE;
CALL record_health_check();
ASSERT (SELECT COUNT(*) FROM stored_figures WHERE figure = 'integrity_violations') = 1 AS 'not counted again within hours';
CALL count_integrity_violations();
CALL record_health_check();
ASSERT (SELECT COUNT(*) FROM alert_readings(CURRENT_TIMESTAMP()) WHERE rule_id = 'A30' AND is_beyond) = 0 AS 'the rule ends';
ASSERT (SELECT level FROM health_findings WHERE finding = 'integrity violations') = 'OK' AS 'health again';
