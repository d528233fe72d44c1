-- case: captions are locked for the page and the day, one lock each

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
CALL select_captions_for_creator('p', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), 3, 1);

-- then
ASSERT (
    SELECT COUNT(*) = 3 AND COUNT(DISTINCT caption_id) = 3 AND LOGICAL_AND(is_active AND scheduled_send_date = DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY))
    FROM active_caption_assignments
    WHERE page_name = 'p'
) AS 'three locks';
ASSERT (SELECT STRING_AGG(FORMAT('%s %d', status, rows_affected)) FROM etl_job_runs) = 'SUCCESS 3' AS 'the call is logged';
