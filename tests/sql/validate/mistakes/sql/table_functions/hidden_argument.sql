CREATE OR REPLACE TABLE FUNCTION `{{ project }}`.`{{ dataset }}`.hidden_argument(sent_at TIMESTAMP)
AS (
    SELECT message_id
    FROM `{{ project }}`.`{{ dataset }}`.messages AS messages
    WHERE messages.sent_at < TIMESTAMP '2026-01-01' AND messages.sent_at >= sent_at -- ! hidden-name sent_at
);
