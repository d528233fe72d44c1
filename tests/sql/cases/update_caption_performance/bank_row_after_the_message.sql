-- case: a caption that reaches the bank after its message was counted learns from it, once

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
VALUES ('a', 'p', 'text a', TRUE, CURRENT_TIMESTAMP());
INSERT INTO mass_messages (message_id, page_name, caption_id, message_text, sent_at, sent_count, viewed_count, purchased_count, earnings, updated_at)
VALUES
    ('late', 'p', NULL, 'text b', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 80 HOUR), 9, 10, 1, 5, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 79 HOUR)),
    ('never', 'p', NULL, 'text x', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 80 HOUR), 9, 10, 1, 5, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 79 HOUR)),
    ('newest', 'p', NULL, 'text a', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 HOUR), 9, 10, 1, 5, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 4 HOUR));
CALL update_caption_performance();
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
VALUES ('b', 'p', 'text b', TRUE, CURRENT_TIMESTAMP());
CALL update_caption_performance();

-- when
CALL update_caption_performance();

-- then
ASSERT (
    SELECT STRING_AGG(CONCAT(caption_id, '=', CAST(total_views AS STRING)), ' ' ORDER BY caption_id)
    FROM caption_bandit_stats
) = 'a=10 b=10' AS 'counted two days before the overlap, matched now';
ASSERT (SELECT STRING_AGG(message_id) FROM message_feedback WHERE caption_id IS NULL) = 'never' AS 'no match is no caption';
ASSERT (SELECT COUNT(*) FROM message_feedback) = 3 AS 'one row per message';
ASSERT (
    SELECT STRING_AGG(CAST(rows_affected AS STRING), ' ' ORDER BY job_start_time)
    FROM etl_job_runs
) = '1 1 0' AS 'the third run changes nothing';
