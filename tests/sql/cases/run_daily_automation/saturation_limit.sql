-- case: 79.9 percent is queued, 80 and 80.1 percent are not
-- settings: {"automation": {"small_daily_target": 1000, "planning_window_days": 1}}

-- given
INSERT INTO mass_messages (message_id, page_name, caption_id, message_text, sent_at, sent_count, viewed_count, purchased_count, earnings, updated_at)
SELECT
    FORMAT('m%03d', x),
    FORMAT('page%03d', x),
    NULL,
    'text',
    TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 30 HOUR),
    100,
    10,
    1,
    1,
    TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 29 HOUR)
FROM UNNEST(GENERATE_ARRAY(1, 3)) AS x;
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
SELECT
    FORMAT('c%03d', x),
    FORMAT('page%03d', x),
    'text',
    TRUE,
    CURRENT_TIMESTAMP()
FROM UNNEST(GENERATE_ARRAY(1, 3)) AS x;
INSERT INTO active_caption_assignments (assignment_id, page_name, caption_id, scheduled_send_date, assigned_at, is_active)
SELECT
    FORMAT('%d-%d', page, x),
    FORMAT('page%03d', page),
    CAST(x AS STRING),
    CURRENT_DATE('America/Los_Angeles'),
    CURRENT_TIMESTAMP(),
    TRUE
FROM UNNEST([1, 2, 3]) AS page
CROSS JOIN UNNEST(GENERATE_ARRAY(1, 801)) AS x
WHERE x <= 798 + page;

-- when
CALL run_daily_automation(CURRENT_DATE('America/Los_Angeles'));

-- then
ASSERT (
    SELECT STRING_AGG(FORMAT('%s %t', page_name, saturation_pct))
    FROM schedule_generation_queue
) = 'page001 79.9' AS 'only the page below the limit';
