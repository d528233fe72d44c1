-- case: a failure inside the transaction leaves nothing counted, and its own message is reported
-- raises: out of range

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
VALUES ('c1', 'p', 'text', TRUE, CURRENT_TIMESTAMP());
INSERT INTO mass_messages (message_id, page_name, caption_id, message_text, sent_at, sent_count, viewed_count, purchased_count, earnings, updated_at)
VALUES
    ('m1', 'p', NULL, 'text', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 HOUR), 9, 9223372036854775807, 1, 1, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 4 HOUR)),
    ('m2', 'p', NULL, 'text', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 HOUR), 9, 9223372036854775807, 1, 1, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 4 HOUR));

-- when
CALL update_caption_performance();

-- then
ASSERT (SELECT COUNT(*) FROM message_feedback) = 0 AS 'rolled back';
ASSERT (SELECT status FROM etl_job_runs) = 'FAILED' AS 'the run failed';
ASSERT (SELECT message FROM automation_alerts) = (SELECT error_message FROM etl_job_runs) AS 'reported';
