-- case: the text comes from the bank, from the legacy table where the bank has none

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
VALUES ('c1', 'p', 'from the bank', TRUE, CURRENT_TIMESTAMP());
INSERT INTO captions (caption_id, caption_text)
VALUES ('c1', 'legacy'), ('c2', 'legacy');
INSERT INTO schedule_recommendations (recommendation_id, page_name, caption_id, schedule_date, created_at)
VALUES
    ('r1', 'p', 'c1', CURRENT_DATE(), CURRENT_TIMESTAMP()),
    ('r2', 'p', 'c2', CURRENT_DATE(), CURRENT_TIMESTAMP()),
    ('r3', 'p', NULL, CURRENT_DATE(), CURRENT_TIMESTAMP());

-- when
SELECT * FROM schedule_recommendations_messages;

-- then
ASSERT (
    SELECT STRING_AGG(CONCAT(recommendation_id, '=', COALESCE(message_text, 'none')), ', ' ORDER BY recommendation_id)
    FROM schedule_recommendations_messages
) = 'r1=from the bank, r2=legacy, r3=none' AS 'texts';
