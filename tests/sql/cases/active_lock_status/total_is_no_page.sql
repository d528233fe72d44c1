-- case: monitoring query 4 has each page once, so that its sum is the total of lock_totals

-- given
INSERT INTO active_caption_assignments (assignment_id, page_name, caption_id, scheduled_send_date, assigned_at, is_active)
SELECT
    CONCAT('a', CAST(x AS STRING)),
    IF(x <= 3, 'p', 'q'),
    CAST(x AS STRING),
    DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL IF(x = 1, -1, 1) DAY),
    TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 49 HOUR),
    TRUE
FROM UNNEST(GENERATE_ARRAY(1, 5)) AS x;

-- when
SELECT * FROM active_lock_status;

-- then
ASSERT (
    SELECT STRING_AGG(FORMAT('%s %d %d %d', page_name, active_locks, expired_locks, oldest_lock_age_days), ', ' ORDER BY page_name)
    FROM active_lock_status
) = 'p 3 1 2, q 2 0 2' AS 'each page once';
ASSERT (SELECT FORMAT('%d %d', active_locks, expired_locks) FROM lock_totals) = '5 1' AS 'the total';
