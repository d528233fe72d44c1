-- case: the day's room comes from page_figures while they are young, and is computed when they are old

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
SELECT
    CONCAT(page, CAST(x AS STRING)),
    page,
    CONCAT('text ', CAST(x AS STRING)),
    TRUE,
    CURRENT_TIMESTAMP()
FROM UNNEST(GENERATE_ARRAY(1, 20)) AS x
CROSS JOIN UNNEST(['young', 'old']) AS page;
INSERT INTO page_figures (page_name, message_views, daily_target, holidays, refreshed_at)
SELECT
    page_name,
    100,
    10,
    [STRUCT(DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY) AS holiday_date, 0.2 AS factor)],
    TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL hours HOUR)
FROM UNNEST([STRUCT('young' AS page_name, 47 AS hours), ('old', 49)]);

-- when
CALL select_captions_for_creator('young', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), 20, 1);
CALL select_captions_for_creator('old', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), 3, 1);
CALL select_captions_for_creator('young', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 2 DAY), 20, 1);

-- then
ASSERT (
    SELECT STRING_AGG(CONCAT(page_name, ' ', CAST(locks AS STRING)), ', ' ORDER BY page_name, scheduled_send_date)
    FROM (
        SELECT
            page_name,
            scheduled_send_date,
            COUNT(*) AS locks
        FROM active_caption_assignments
        GROUP BY
            page_name,
            scheduled_send_date
    )
) = 'old 3, young 2, young 10' AS 'a fifth of ten on the holiday, ten on the day after it';
