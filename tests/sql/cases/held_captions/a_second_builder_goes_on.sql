-- case: who takes over a request finds what the page was given for the day, though selection has nothing left

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
SELECT
    FORMAT('c%03d', x),
    page_name,
    CONCAT('text ', CAST(x AS STRING)),
    TRUE,
    CURRENT_TIMESTAMP()
FROM UNNEST(GENERATE_ARRAY(1, 20)) AS x
CROSS JOIN UNNEST(['p', 'q']) AS page_name;
CALL select_captions_for_creator('p', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), 5, 1);
CALL select_captions_for_creator('p', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 2 DAY), 5, 1);
CALL select_captions_for_creator('q', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), 5, 1);
-- Taken out of the pool meanwhile, ended long before its day, and given back.
UPDATE caption_bank SET is_active = FALSE
WHERE TRUE;
UPDATE active_caption_assignments SET is_active = FALSE, deactivation_reason = 'STALE'
WHERE assignment_id IN (
    SELECT MIN(assignment_id) FROM active_caption_assignments
    WHERE page_name = 'p' AND scheduled_send_date = DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY)
);
UPDATE active_caption_assignments SET is_active = FALSE, deactivation_reason = 'CANCELLED'
WHERE assignment_id IN (
    SELECT MAX(assignment_id) FROM active_caption_assignments
    WHERE page_name = 'p' AND scheduled_send_date = DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY)
);

-- when
SELECT * FROM held_captions('p', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY));

-- then
ASSERT (
    SELECT COUNT(*) FROM held_captions('p', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY))
) = 4 AS 'the captions of this page and day that are held';
ASSERT (
    SELECT LOGICAL_AND(caption_text = CONCAT('text ', CAST(CAST(SUBSTR(caption_id, 2) AS INT64) AS STRING)))
    FROM held_captions('p', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY))
) AS 'each with its text';
ASSERT (SELECT COUNT(*) FROM held_captions('nobody', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY))) = 0 AS 'none';
