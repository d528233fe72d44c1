CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.refresh_holiday_calendar(first_year INT64, last_year INT64)
OPTIONS (
    description = 'Writes the United States holidays of a range of years into holiday_calendar, computed by rule. Safe to repeat; rows of other years and names stay.'
)
BEGIN
    IF first_year IS NULL OR last_year IS NULL OR first_year NOT BETWEEN 1971 AND last_year OR last_year > 2199 THEN
        RAISE USING MESSAGE = 'refused: the years must be 1971 to 2199, the first not after the last';
    END IF;

    -- Rules: FIXED is month and day. WEEKDAY is the nth weekday (1 Sunday to 7 Saturday)
    -- of a month, nth -1 the last. EASTER is Easter Sunday. Days are added to the result.
    -- validate: allow duplicate-source a rule gives one day a year and rule names differ
    MERGE INTO `{{ project }}`.`{{ dataset }}`.holiday_calendar AS calendar
    USING (
        WITH rules AS (
            SELECT *
            FROM UNNEST([
                STRUCT(
                    "New Year's Day" AS holiday_name,
                    'FEDERAL' AS holiday_type,
                    TRUE AS is_major,
                    0.7 AS factor,
                    'FIXED' AS rule,
                    1 AS month_number,
                    1 AS nth,
                    0 AS weekday,
                    0 AS add_days
                ),
                ('Martin Luther King Jr. Day', 'FEDERAL', FALSE, 0.95, 'WEEKDAY', 1, 3, 2, 0),
                ("Presidents' Day", 'FEDERAL', FALSE, 0.95, 'WEEKDAY', 2, 3, 2, 0),
                ('Memorial Day', 'FEDERAL', TRUE, 0.85, 'WEEKDAY', 5, -1, 2, 0),
                ('Juneteenth', 'FEDERAL', FALSE, 0.95, 'FIXED', 6, 19, 0, 0),
                ('Independence Day', 'FEDERAL', TRUE, 0.75, 'FIXED', 7, 4, 0, 0),
                ('Labor Day', 'FEDERAL', TRUE, 0.85, 'WEEKDAY', 9, 1, 2, 0),
                ('Veterans Day', 'FEDERAL', FALSE, 0.95, 'FIXED', 11, 11, 0, 0),
                ('Thanksgiving', 'FEDERAL', TRUE, 0.7, 'WEEKDAY', 11, 4, 5, 0),
                ('Christmas Day', 'FEDERAL', TRUE, 0.6, 'FIXED', 12, 25, 0, 0),
                ("Valentine's Day", 'COMMERCIAL', TRUE, 0.8, 'FIXED', 2, 14, 0, 0),
                ("Mother's Day", 'COMMERCIAL', FALSE, 0.8, 'WEEKDAY', 5, 2, 1, 0),
                ("Father's Day", 'COMMERCIAL', FALSE, 0.9, 'WEEKDAY', 6, 3, 1, 0),
                ('Black Friday', 'COMMERCIAL', TRUE, 0.9, 'WEEKDAY', 11, 4, 5, 1),
                ("St. Patrick's Day", 'CULTURAL', FALSE, 0.95, 'FIXED', 3, 17, 0, 0),
                ('Easter', 'CULTURAL', TRUE, 0.8, 'EASTER', 0, 0, 0, 0),
                ('Columbus Day', 'CULTURAL', FALSE, 1.0, 'WEEKDAY', 10, 2, 2, 0),
                ('Halloween', 'CULTURAL', TRUE, 0.9, 'FIXED', 10, 31, 0, 0),
                ('Christmas Eve', 'CULTURAL', TRUE, 0.65, 'FIXED', 12, 24, 0, 0),
                ("New Year's Eve", 'CULTURAL', TRUE, 0.7, 'FIXED', 12, 31, 0, 0)
            ])
        ),

        -- Gregorian computus (Meeus, Astronomical Algorithms, chapter 8), whose intermediate values
        -- have no names of their own. A column can only be used below where it is computed.
        golden AS (
            SELECT
                year_number,
                MOD(year_number, 19) AS a,
                DIV(year_number, 100) AS b,
                MOD(year_number, 100) AS c
            FROM UNNEST(GENERATE_ARRAY(first_year, last_year)) AS year_number
        ),

        epact AS (
            SELECT
                *,
                MOD(19 * a + b - DIV(b, 4) - DIV(b - DIV(b + 8, 25) + 1, 3) + 15, 30) AS h
            FROM golden
        ),

        sunday AS (
            SELECT
                *,
                MOD(32 + 2 * MOD(b, 4) + 2 * DIV(c, 4) - h - MOD(c, 4), 7) AS l
            FROM epact
        ),

        easter AS (
            SELECT
                year_number,
                h + l - 7 * DIV(a + 11 * h + 22 * l, 451) + 114 AS n
            FROM sunday
        ),

        -- For a weekday: the first day that can be it, the first of the month or, for the
        -- last one, of the next month.
        anchored AS (
            SELECT
                rules.*,
                easter.year_number,
                easter.n,
                DATE_ADD(
                    DATE(easter.year_number, GREATEST(rules.month_number, 1), 1),
                    INTERVAL IF(rules.nth = -1, 1, 0) MONTH
                ) AS anchor
            FROM rules
            CROSS JOIN easter
        ),

        dated AS (
            SELECT
                *,
                CASE rule
                    WHEN 'FIXED' THEN DATE(year_number, month_number, nth)
                    WHEN 'EASTER' THEN DATE(year_number, DIV(n, 31), MOD(n, 31) + 1)
                    ELSE DATE_ADD(
                        anchor,
                        INTERVAL MOD(weekday + 7 - EXTRACT(DAYOFWEEK FROM anchor), 7) + IF(nth = -1, -7, 7 * (nth - 1)) DAY
                    )
                END AS base_date
            FROM anchored
        )

        SELECT
            holiday_name,
            holiday_type,
            is_major,
            factor,
            DATE_ADD(base_date, INTERVAL add_days DAY) AS holiday_date
        FROM dated
    ) AS computed
        ON
            calendar.holiday_date = computed.holiday_date
            AND calendar.holiday_name = computed.holiday_name
            AND calendar.holiday_date BETWEEN DATE(first_year, 1, 1) AND DATE(last_year, 12, 31)
    WHEN MATCHED THEN
        UPDATE SET
            holiday_type = computed.holiday_type,
            is_major_holiday = computed.is_major,
            saturation_impact_factor = computed.factor
    WHEN NOT MATCHED THEN
        INSERT (
            holiday_date,
            holiday_name,
            holiday_type,
            is_major_holiday,
            saturation_impact_factor
        )
        VALUES (
            computed.holiday_date,
            computed.holiday_name,
            computed.holiday_type,
            computed.is_major,
            computed.factor
        );
    -- Selections of today know the holidays that were added.
    CALL `{{ project }}`.`{{ dataset }}`.refresh_page_figures();
END;
