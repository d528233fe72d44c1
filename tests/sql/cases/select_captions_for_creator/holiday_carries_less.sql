-- case: a holiday of factor 0.6 carries three of five messages

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
SELECT
    FORMAT('c%03d', x),
    'p',
    CONCAT('text ', CAST(x AS STRING)),
    TRUE,
    CURRENT_TIMESTAMP()
FROM UNNEST(GENERATE_ARRAY(1, 20)) AS x;
INSERT INTO holiday_calendar (holiday_date, holiday_name, saturation_impact_factor)
VALUES (DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), 'Holiday', 0.6);

-- when
CALL select_captions_for_creator('p', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), 5, 1);

-- then
ASSERT (SELECT COUNT(*) FROM active_caption_assignments) = 3 AS 'locks';
