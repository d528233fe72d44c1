-- case: a run that is repeated after midnight plans its day, and its requests stay to be claimed

-- given
INSERT INTO mass_messages (message_id, page_name, message_text, sent_at, updated_at)
VALUES ('m', 'p', 'text', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 DAY), CURRENT_TIMESTAMP());
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
VALUES ('c', 'p', 'text', TRUE, CURRENT_TIMESTAMP());

-- when
CALL run_daily_automation(DATE_SUB(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY));
CALL release_schedule_requests();

-- then
ASSERT (SELECT STRING_AGG(status) FROM schedule_generation_queue) = 'PENDING' AS 'request';
ASSERT (SELECT STRING_AGG(status) FROM etl_job_runs WHERE job_name = 'run_daily_automation') = 'SUCCESS' AS 'run';
