-- case: a builder that asks for one caption at a time with the same seed gets its random ones, too
-- settings: {"selection": {"random_share": 0.5}, "automation": {"small_daily_target": 12}}

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
SELECT
    FORMAT('c%04d', x),
    'p',
    CONCAT('text ', CAST(x AS STRING)),
    TRUE,
    CURRENT_TIMESTAMP()
FROM UNNEST(GENERATE_ARRAY(1, 60)) AS x;

-- when
BEGIN
    DECLARE calls INT64 DEFAULT 0;
    WHILE calls < 12 DO
        CALL select_captions_for_creator('p', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), 1, 7);
        SET calls = calls + 1;
    END WHILE;
END;

-- then
ASSERT (SELECT COUNT(DISTINCT caption_id) FROM active_caption_assignments) = 12 AS 'no caption twice';
ASSERT (SELECT COUNTIF(is_random) FROM caption_choices) BETWEEN 1 AND 11 AS 'some are random, some are not';
