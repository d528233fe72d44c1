-- case: the same seed picks the same captions

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
SELECT
    FORMAT('c%03d', x),
    'p',
    CONCAT('text ', CAST(x AS STRING)),
    TRUE,
    CURRENT_TIMESTAMP()
FROM UNNEST(GENERATE_ARRAY(1, 50)) AS x;
CALL select_captions_for_creator('p', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), 5, 99);
CREATE OR REPLACE TEMP TABLE earlier AS SELECT caption_id FROM active_caption_assignments;
DELETE FROM active_caption_assignments WHERE TRUE;
CALL select_captions_for_creator('p', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), 5, 99);
INSERT INTO captions (caption_id)
SELECT caption_id FROM earlier;

-- when
SELECT 1;

-- then
ASSERT (
    SELECT COUNT(*)
    FROM captions
    INNER JOIN active_caption_assignments AS locks
        ON captions.caption_id = locks.caption_id
) = 5 AS 'other captions were picked';
