-- case: the work is counted every 15 minutes and the rest every hour, unless somebody asks; old rows have nothing to carry

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
SELECT
    FORMAT('c%03d', x),
    'p',
    CONCAT('text ', CAST(x AS STRING)),
    TRUE,
    CURRENT_TIMESTAMP()
FROM UNNEST(GENERATE_ARRAY(1, 500)) AS x;
INSERT INTO active_caption_assignments (assignment_id, page_name, caption_id, scheduled_send_date, assigned_at, is_active)
VALUES ('a', 'p', 'c001', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), CURRENT_TIMESTAMP(), TRUE);
-- As a release before this one wrote it.
INSERT INTO health_checks (check_timestamp, health_score, status, checks_passed, checks_total, warnings, critical)
VALUES (TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 MINUTE), 100, 'HEALTHY', 7, 7, 0, 0);

-- when
CALL record_health_check();

-- then
ASSERT (SELECT MAX_BY(active_locks, check_timestamp) FROM health_checks) = 1 AS 'counted, since the row before has nothing';
INSERT INTO active_caption_assignments (assignment_id, page_name, caption_id, scheduled_send_date, assigned_at, is_active)
VALUES ('b', 'p', 'c002', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), CURRENT_TIMESTAMP(), TRUE);
CALL record_health_check();
ASSERT (SELECT MAX_BY(active_locks, check_timestamp) FROM health_checks) = 2 AS 'a check within four minutes was asked for';
-- The check of five minutes before.
CREATE OR REPLACE TEMP TABLE before AS
SELECT * FROM health_checks ORDER BY check_timestamp DESC LIMIT 1;
DELETE FROM health_checks WHERE TRUE;
INSERT INTO health_checks (check_timestamp, health_score, status, checks_passed, checks_total, warnings, critical, figures)
SELECT
    TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 MINUTE),
    health_score,
    status,
    checks_passed,
    checks_total,
    warnings,
    critical,
    figures
FROM before;
DELETE FROM active_caption_assignments WHERE assignment_id = 'b';
CALL record_health_check();
ASSERT (SELECT MAX_BY(active_locks, check_timestamp) FROM health_checks) = 2 AS 'carried over for 15 minutes';
ASSERT (
    SELECT MAX_BY(JSON_VALUE(figures, '$.work.counted_at'), check_timestamp) = MIN(JSON_VALUE(figures, '$.work.counted_at'))
    FROM health_checks
) AS 'and says since when';
ASSERT (SELECT active_locks FROM health_snapshot) = 1 AS 'who reads the view counts';
