-- case: a locked caption is not given out again, on any day

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
SELECT
    FORMAT('c%03d', x),
    'p',
    CONCAT('text ', CAST(x AS STRING)),
    TRUE,
    CURRENT_TIMESTAMP()
FROM UNNEST(GENERATE_ARRAY(1, 6)) AS x;
CALL select_captions_for_creator('p', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), 4, 1);

-- when
CALL select_captions_for_creator('p', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 2 DAY), 4, 1);

-- then
ASSERT (SELECT COUNT(*) = 6 AND COUNT(DISTINCT caption_id) = 6 FROM active_caption_assignments) AS 'each caption once';
ASSERT (SELECT COUNT(*) FROM integrity_violations) = 0 AS 'no caption locked twice';
