-- case: SQL in a page name stays data

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
SELECT
    FORMAT('c%03d', x),
    "p' OR 1=1; --",
    CONCAT('text ', CAST(x AS STRING)),
    TRUE,
    CURRENT_TIMESTAMP()
FROM UNNEST(GENERATE_ARRAY(1, 3)) AS x;

-- when
CALL select_captions_for_creator("p' OR 1=1; --", DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), 2, 1);

-- then
ASSERT (SELECT COUNT(*) FROM active_caption_assignments WHERE page_name = "p' OR 1=1; --") = 2 AS 'locks of that page';
ASSERT (SELECT COUNT(*) FROM caption_bank) = 3 AS 'the bank is untouched';
