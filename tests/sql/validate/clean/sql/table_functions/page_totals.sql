CREATE OR REPLACE TABLE FUNCTION `{{ project }}`.`{{ dataset }}`.page_totals(first_day DATE)
AS (
    SELECT
        page_name,
        SUM(views) AS views,
        MAX_BY(message_id, sent_at) AS last_message
    FROM `{{ project }}`.`{{ dataset }}`.messages
    WHERE DATE(sent_at) >= first_day
    GROUP BY page_name
);
