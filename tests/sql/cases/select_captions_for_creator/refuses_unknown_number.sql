-- case: refused: no number of captions at all, and the message says so
-- raises: but is NULL

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
SELECT
    'c1',
    'p',
    'text',
    TRUE,
    CURRENT_TIMESTAMP();

-- when
CALL select_captions_for_creator('p', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), NULL, 1);

-- then
ASSERT (SELECT COUNT(*) FROM active_caption_assignments) = 0 AS 'no lock';
