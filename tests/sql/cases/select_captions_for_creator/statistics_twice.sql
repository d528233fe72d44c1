-- case: a caption whose statistics or class stand twice is given once, and rests after its last use

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
SELECT
    FORMAT('c%d', x),
    'p',
    CONCAT('text ', CAST(x AS STRING)),
    TRUE,
    CURRENT_TIMESTAMP()
FROM UNNEST([1, 2, 3]) AS x;
INSERT INTO caption_bandit_stats (page_name, caption_id, successes, failures, last_used, last_updated, total_emv)
VALUES
('p', 'c1', 5, 95, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 90 DAY), CURRENT_TIMESTAMP(), 50),
('p', 'c1', 6, 96, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 80 DAY), CURRENT_TIMESTAMP(), 60),
('p', 'c2', 5, 95, NULL, CURRENT_TIMESTAMP(), 50),
('p', 'c2', 6, 96, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), CURRENT_TIMESTAMP(), 60);
INSERT INTO class_ratios (class, captions, rate_ratio, value_ratio, tiring, refreshed_at)
SELECT
    '',
    10,
    1,
    1,
    0,
    CURRENT_TIMESTAMP()
FROM UNNEST([1, 2]) AS x;

-- when
CALL select_captions_for_creator('p', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), 5, 1);

-- then
ASSERT (SELECT STRING_AGG(caption_id ORDER BY caption_id) FROM active_caption_assignments) = 'c1,c3' AS 'each once, and not what was used just now';
