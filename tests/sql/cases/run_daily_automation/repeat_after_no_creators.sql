-- case: a day whose run came before the messages is planned by the next run

-- given
CALL run_daily_automation(CURRENT_DATE('America/Los_Angeles'));
INSERT INTO mass_messages (message_id, page_name, sent_at, sent_count, updated_at)
VALUES ('m', 'p', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 2 DAY), 100, CURRENT_TIMESTAMP());
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
VALUES ('c', 'p', 'text', TRUE, CURRENT_TIMESTAMP());

-- when
CALL run_daily_automation(CURRENT_DATE('America/Los_Angeles'));

-- then
ASSERT (SELECT STRING_AGG(CONCAT(page_name, ' ', status)) FROM schedule_generation_queue) = 'p PENDING' AS 'queue';
ASSERT (SELECT STRING_AGG(CONCAT(status, ' ', CAST(creators_total AS STRING)) ORDER BY creators_total) FROM etl_job_runs) = 'SUCCESS 0,SUCCESS 1' AS 'runs';
