-- case: with the Wilson draw a seed repeats its picks too, inside the bounds
-- settings: {"selection": {"policy": "wilson"}}

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
SELECT
    FORMAT('c%03d', x),
    'p',
    CONCAT('text ', CAST(x AS STRING)),
    TRUE,
    CURRENT_TIMESTAMP()
FROM UNNEST(GENERATE_ARRAY(1, 20)) AS x;

-- when
CALL select_captions_for_creator('p', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), 5, 3);

-- then
ASSERT (SELECT COUNT(DISTINCT caption_id) FROM active_caption_assignments) = 5 AS 'locks';
