-- case: a caption locked twice and corrupt statistics are found, NULL bounds among them

-- given
INSERT INTO active_caption_assignments (assignment_id, page_name, caption_id, scheduled_send_date, assigned_at, is_active)
VALUES ('a', 'p', 'c1', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), CURRENT_TIMESTAMP(), TRUE), ('b', 'p', 'c1', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), CURRENT_TIMESTAMP(), TRUE);
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
SELECT
    caption_id,
    'p',
    'text',
    TRUE,
    CURRENT_TIMESTAMP()
FROM UNNEST(['c1', 'c001']) AS caption_id;
INSERT INTO caption_bandit_stats (page_name, caption_id, last_used, last_updated, successes, failures, total_views, engagement_count, wilson_score_lower_bound, wilson_score_upper_bound, total_emv)
VALUES ('p', 'c001', NULL, CURRENT_TIMESTAMP(), 1, 1, 2, 1, NULL, NULL, 1);

-- when
SELECT * FROM integrity_violations;

-- then
ASSERT (SELECT STRING_AGG(violation, ', ' ORDER BY violation) FROM integrity_violations) = 'caption locked twice, corrupt statistics' AS 'violations';
