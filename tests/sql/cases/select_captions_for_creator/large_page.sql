-- case: a page whose captions exceed a variable of BigQuery is drawn from as a whole

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
SELECT
    CONCAT(CAST(x AS STRING), REPEAT('x', 200000)),
    'p',
    'text',
    TRUE,
    CURRENT_TIMESTAMP()
FROM UNNEST(GENERATE_ARRAY(1, 5)) AS x;

-- when
CALL select_captions_for_creator('p', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), 5, 1);

-- then
ASSERT (SELECT COUNT(DISTINCT caption_id) FROM active_caption_assignments WHERE is_active) = 5 AS 'all five';
