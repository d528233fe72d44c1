-- case: the work is counted every 15 minutes and the rest every hour, unless somebody asks; without an earlier check all is counted

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
-- As a release before this one wrote it: nothing is handed on.
INSERT INTO health_checks (check_timestamp, health_score, status, checks_passed, checks_total, warnings, critical)
VALUES (TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 MINUTE), 100, 'HEALTHY', 7, 7, 0, 0);

-- when
CALL record_health_check();

-- then
ASSERT (SELECT MAX_BY(active_locks, check_timestamp) FROM health_checks) = 1 AS 'counted, since nothing is handed on';
INSERT INTO active_caption_assignments (assignment_id, page_name, caption_id, scheduled_send_date, assigned_at, is_active)
VALUES ('b', 'p', 'c002', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), CURRENT_TIMESTAMP(), TRUE);
CALL record_health_check();
ASSERT (SELECT MAX_BY(active_locks, check_timestamp) FROM health_checks) = 2 AS 'a check within four minutes was asked for';
-- The check of five minutes before.
CREATE OR REPLACE TEMP TABLE before AS
SELECT * FROM stored_figures WHERE figure = 'health_check' ORDER BY figure_time DESC LIMIT 1;
DELETE FROM stored_figures WHERE figure = 'health_check';
INSERT INTO stored_figures (figure_time, figure, value, details)
SELECT
    TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 MINUTE),
    figure,
    value,
    details
FROM before;
DELETE FROM active_caption_assignments WHERE assignment_id = 'b';
CALL record_health_check();
ASSERT (SELECT MAX_BY(active_locks, check_timestamp) FROM health_checks) = 2 AS 'carried over for 15 minutes';
ASSERT (
    SELECT COUNT(*) = 1
    FROM health_checks AS newest
    INNER JOIN health_checks AS counted
        ON
            JSON_VALUE(newest.figures, '$.work.counted_at') = JSON_VALUE(counted.figures, '$.work.counted_at')
            AND newest.check_timestamp > counted.check_timestamp
    WHERE newest.active_locks = 2
) AS 'and says since when';
ASSERT (SELECT active_locks FROM health_snapshot) = 1 AS 'who reads the view counts';
ASSERT (
    SELECT COUNT(*) FROM stored_figures WHERE figure IN ('active_captions', 'integrity_violations')
) = 2 AS 'captions and violations were counted once in all of these checks';
UPDATE stored_figures SET figure_time = TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 61 MINUTE) WHERE figure = 'active_captions';
CALL record_health_check();
ASSERT (SELECT COUNT(*) FROM stored_figures WHERE figure = 'active_captions') = 2 AS 'captions are counted again after an hour';
ASSERT (SELECT COUNT(*) FROM stored_figures WHERE figure = 'integrity_violations') = 1 AS 'violations are not';
