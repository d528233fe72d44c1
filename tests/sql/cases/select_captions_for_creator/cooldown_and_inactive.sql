-- case: captions sent within the cooldown and captions out of use are not drawn

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
SELECT
    FORMAT('c%03d', x),
    'p',
    CONCAT('text ', CAST(x AS STRING)),
    TRUE,
    CURRENT_TIMESTAMP()
FROM UNNEST(GENERATE_ARRAY(1, 4)) AS x;
UPDATE caption_bank SET is_active = FALSE WHERE caption_id = 'c001';
INSERT INTO caption_bandit_stats (page_name, caption_id, last_used, last_updated, successes, failures, total_views, engagement_count, wilson_score_lower_bound, wilson_score_upper_bound, total_emv)
VALUES ('p', 'c002', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 48 HOUR), CURRENT_TIMESTAMP(), 1, 9, 10, 1, 0.1, 0.2, 5);
INSERT INTO active_caption_assignments (assignment_id, page_name, caption_id, scheduled_send_date, assigned_at, is_active, deactivated_at, deactivation_reason)
VALUES ('sent', 'p', 'c003', DATE_SUB(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), CURRENT_TIMESTAMP(), FALSE, CURRENT_TIMESTAMP(), 'EXPIRED');

-- when
CALL select_captions_for_creator('p', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), 4, 1);

-- then
ASSERT (SELECT STRING_AGG(caption_id) FROM active_caption_assignments WHERE is_active) = 'c004' AS 'only the free caption';
