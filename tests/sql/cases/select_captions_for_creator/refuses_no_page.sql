-- case: refused: no page
-- raises: for_page must name a page

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
SELECT
    FORMAT('c%03d', x),
    'p',
    CONCAT('text ', CAST(x AS STRING)),
    TRUE,
    CURRENT_TIMESTAMP()
FROM UNNEST(GENERATE_ARRAY(1, 3)) AS x;

-- when
CALL select_captions_for_creator('  ', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), 1, 1);

-- then
ASSERT (SELECT COUNT(*) FROM active_caption_assignments) = 0 AS 'no lock';
