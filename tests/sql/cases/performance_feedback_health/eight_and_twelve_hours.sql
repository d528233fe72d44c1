-- case: feedback older than 8 hours warns, older than 12 is critical

-- given
INSERT INTO mass_messages (message_id, page_name, caption_id, message_text, sent_at, sent_count, viewed_count, purchased_count, earnings, updated_at)
VALUES ('m', 'p', NULL, 'x', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 30 HOUR), 1, 1, 1, 1, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 20 HOUR));
INSERT INTO message_feedback (message_id, page_name, sent_at, views, purchases, earnings, updated_at, counted_at)
VALUES ('m', 'p', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 30 HOUR), 1, 1, 1, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 20 HOUR), TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 19 HOUR));
INSERT INTO etl_job_runs (run_id, job_name, execution_date, job_start_time, status, duration_seconds, creators_processed, creators_failed)
VALUES ('r', 'update_caption_performance', CURRENT_DATE('America/Los_Angeles'), TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 481 MINUTE), 'SUCCESS', 1, 0, 0);

-- when
SELECT * FROM performance_feedback_health;

-- then
ASSERT (SELECT freshness_status FROM performance_feedback_health) = 'WARNING' AS 'after 8 hours';
