-- case: results are summed per page and caption, with Wilson bounds and earnings per view

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
VALUES
    ('c1', 'p', 'Hello  There', TRUE, CURRENT_TIMESTAMP()),
    ('c2', 'p', 'Other', TRUE, CURRENT_TIMESTAMP());
INSERT INTO mass_messages (message_id, page_name, caption_id, message_text, sent_at, sent_count, viewed_count, purchased_count, earnings, updated_at)
VALUES
    ('m1', 'p', NULL, 'hello there', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 HOUR), 100, 60, 40, 200, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 4 HOUR)),
    ('m2', 'p', NULL, ' HELLO there ', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 3 HOUR), 100, 40, 40, 200, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 2 HOUR)),
    ('m3', 'p', 'c2', 'Other', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 3 HOUR), 100, 0, 0, 0, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 2 HOUR));

-- when
CALL update_caption_performance();

-- then
ASSERT (
    SELECT
        successes = 80
        AND failures = 20
        AND total_views = 100
        AND engagement_count = 80
        AND total_emv = 400
        AND avg_emv = 4
        AND ABS(wilson_score_lower_bound - 0.711169) < 1e-4
        AND ABS(wilson_score_upper_bound - 0.866634) < 1e-4
        AND caption_key = caption_key_v2('hello there')
    FROM caption_bandit_stats
    WHERE caption_id = 'c1'
) AS 'c1 has the sums of both messages';
ASSERT (
    SELECT
        total_views = 0
        AND wilson_score_lower_bound = 0
        AND wilson_score_upper_bound = 1
        AND avg_emv IS NULL
    FROM caption_bandit_stats
    WHERE caption_id = 'c2'
) AS 'zero views leave total ignorance';
ASSERT (SELECT COUNT(*) FROM caption_bandit_stats) = 2 AS 'one row per caption';
ASSERT (SELECT STRING_AGG(CONCAT(status, CAST(rows_affected AS STRING))) FROM etl_job_runs) = 'SUCCESS2' AS 'the run is logged';
