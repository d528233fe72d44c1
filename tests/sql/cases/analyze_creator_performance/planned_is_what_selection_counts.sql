-- case: locks that grow old keep their page full: the analysis counts what selection counts

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
SELECT
    FORMAT('c%03d', x),
    page_name,
    CONCAT('text ', CAST(x AS STRING)),
    TRUE,
    CURRENT_TIMESTAMP()
FROM UNNEST(GENERATE_ARRAY(1, 40)) AS x
CROSS JOIN UNNEST(['sends', 'silent']) AS page_name;
INSERT INTO mass_messages (message_id, page_name, sent_at, sent_count, updated_at)
VALUES ('m', 'sends', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 30 HOUR), 100, CURRENT_TIMESTAMP());
-- 34 of the 35 messages of a week, given eight days ago.
INSERT INTO active_caption_assignments (assignment_id, page_name, caption_id, scheduled_send_date, assigned_at, is_active)
SELECT
    FORMAT('%s%03d', page_name, x),
    page_name,
    FORMAT('c%03d', x),
    DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL DIV(x, 5) DAY),
    TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 8 DAY),
    TRUE
FROM UNNEST(GENERATE_ARRAY(1, 34)) AS x
CROSS JOIN UNNEST(['sends', 'silent']) AS page_name;

-- when
CALL sweep_expired_caption_locks();

-- then
ASSERT (
    SELECT STRING_AGG(DISTINCT page_name)
    FROM active_caption_assignments
    WHERE deactivation_reason = 'STALE'
) = 'silent' AS 'stale is what nothing can send: a page without messages gets no schedule';
ASSERT (
    SELECT saturation_pct BETWEEN 97 AND 98
    FROM analyze_creator_performance('sends', CURRENT_DATE('America/Los_Angeles'))
) AS 'as full as before';
-- What the sweep has ended is planned all the same.
UPDATE active_caption_assignments SET is_active = FALSE, deactivation_reason = 'STALE'
WHERE TRUE;
ASSERT (
    SELECT saturation_pct BETWEEN 97 AND 98
    FROM analyze_creator_performance('sends', CURRENT_DATE('America/Los_Angeles'))
) AS 'analysis';
ASSERT (
    SELECT LOGICAL_AND(locked_captions = 34 AND available_captions = 6) FROM caption_pool
) AS 'pool';
CALL count_active_captions();
ASSERT (
    SELECT active_locks = 68 AND locked_captions = 68 AND available_captions = 12 FROM health_snapshot
) AS 'health';
ASSERT (
    SELECT SUM(active_locks) FROM active_lock_status
) = 68 AS 'monitoring by page, none of them twice';
ASSERT (
    SELECT active_locks FROM lock_totals
) = 68 AS 'monitoring over all pages';
