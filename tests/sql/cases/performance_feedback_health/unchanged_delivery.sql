-- case: a page whose results are delivered again without a change stays as fresh as the last run

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
VALUES ('c1', 'p', 'text', TRUE, CURRENT_TIMESTAMP());
INSERT INTO mass_messages (message_id, page_name, caption_id, message_text, sent_at, sent_count, viewed_count, purchased_count, earnings, updated_at)
VALUES ('m1', 'p', 'c1', 'text', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 48 HOUR), 100, 10, 1, 5, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 40 HOUR));
CALL update_caption_performance();
UPDATE caption_bandit_stats SET last_updated = TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 39 HOUR) WHERE TRUE;
UPDATE etl_job_runs SET job_start_time = TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 39 HOUR) WHERE TRUE;
INSERT INTO mass_messages (message_id, page_name, caption_id, message_text, sent_at, sent_count, viewed_count, purchased_count, earnings, updated_at)
VALUES ('m1', 'p', 'c1', 'text', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 48 HOUR), 100, 10, 1, 5, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 7 HOUR));

-- when
CALL update_caption_performance();

-- then
ASSERT (SELECT freshness_status FROM performance_feedback_health) = 'FRESH' AS 'status';
ASSERT (SELECT COUNT(*) FROM stale_data_detection) = 0 AS 'no page is stale';
