CREATE OR REPLACE VIEW `{{ project }}`.`{{ dataset }}`.shown_messages
AS
SELECT
    message_id,
    page_name,
    sent_at
FROM `{{ project }}`.`{{ dataset }}`.messages;
