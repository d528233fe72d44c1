-- case: with plenty of results the caption that earns more is picked

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
SELECT
    FORMAT('c%03d', x),
    'p',
    CONCAT('text ', CAST(x AS STRING)),
    TRUE,
    CURRENT_TIMESTAMP()
FROM UNNEST(GENERATE_ARRAY(1, 2)) AS x;
INSERT INTO caption_bandit_stats (page_name, caption_id, last_used, last_updated, successes, failures, total_views, engagement_count, wilson_score_lower_bound, wilson_score_upper_bound, total_emv)
VALUES
    ('p', 'c001', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 800 HOUR), CURRENT_TIMESTAMP(), 100, 99900, 100000, 100, 0.0008, 0.0012, 1000),
    ('p', 'c002', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 800 HOUR), CURRENT_TIMESTAMP(), 900, 99100, 100000, 900, 0.008, 0.010, 9000);

-- when
CALL select_captions_for_creator('p', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), 1, 5);

-- then
ASSERT (SELECT STRING_AGG(caption_id) FROM active_caption_assignments) = 'c002' AS 'the better caption';
