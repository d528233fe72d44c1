CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.select_captions_for_creator(
    for_page STRING,
    schedule_date DATE,
    num_captions INT64,
    seed INT64
)
OPTIONS (
    description = 'Picks and locks captions of a page for a business day and returns them, best first: by the index of what is known and what can be learned, or by a draw of Thompson sampling (eros:selection.policy), but for a share that is drawn at random and labelled. Fewer than asked for when the day is full (holidays carry less) or the pool is empty. Seed NULL draws at random; with a seed the call can be repeated.'
)
BEGIN
    DECLARE run STRING DEFAULT GENERATE_UUID();
    DECLARE started TIMESTAMP DEFAULT CURRENT_TIMESTAMP();
    DECLARE today DATE DEFAULT CURRENT_DATE('{{ time_zone }}');
    DECLARE draw_seed INT64 DEFAULT COALESCE(seed, FARM_FINGERPRINT(GENERATE_UUID()));
    DECLARE bucket DATE DEFAULT `{{ project }}`.`{{ dataset }}`.lock_bucket(for_page);
    -- A variable holds a megabyte at most, so texts that are longer together stay in the table.
    DECLARE picks ARRAY<STRUCT<
        assignment_id STRING,
        position INT64,
        caption_id STRING,
        caption_text STRING,
        drawn_rate FLOAT64,
        earnings_per_purchase FLOAT64,
        score FLOAT64,
        is_random BOOL,
        is_untried BOOL,
        free_captions INT64,
        expected_value FLOAT64,
        best_value FLOAT64
    >>;
    -- Those of the page, where page_figures has none that are young enough.
    DECLARE figures ARRAY<STRUCT<
        message_views FLOAT64,
        daily_target INT64,
        classes ARRAY<STRUCT<class STRING, rate_ratio FLOAT64, value_ratio FLOAT64, tiring FLOAT64>>,
        weekdays ARRAY<STRUCT<weekday INT64, rate_ratio FLOAT64>>,
        holidays ARRAY<STRUCT<holiday_date DATE, factor FLOAT64>>
    >> DEFAULT [];
    DECLARE stored_since TIMESTAMP DEFAULT TIMESTAMP_SUB(started, INTERVAL 2 DAY);
    DECLARE is_settled BOOL DEFAULT FALSE;
    DECLARE granted INT64 DEFAULT 0;
    DECLARE failure STRING;

    SET @@query_label = CONCAT('component:select_captions_for_creator,{{ job_labels }},eros_run:', run);

    IF TRIM(COALESCE(for_page, '')) = '' THEN
        RAISE USING MESSAGE = 'refused: for_page must name a page';
    END IF;
    IF num_captions IS NULL OR num_captions NOT BETWEEN 1 AND {{ selection.max_captions }} THEN
        RAISE USING MESSAGE = FORMAT('refused: num_captions must be 1 to {{ selection.max_captions }}, but is %t', num_captions);
    END IF;
    IF schedule_date IS NULL OR schedule_date NOT BETWEEN today AND DATE_ADD(today, INTERVAL 365 DAY) THEN
        RAISE USING MESSAGE = FORMAT('refused: schedule_date must be %t to a year later, but is %t', today, schedule_date);
    END IF;

    BEGIN
        -- Figures of the page are computed once a day for every page that sends, so that a call does
        -- not read the five tables behind them. For a page that is new, and while no feedback runs,
        -- it does, in a second turn: a table that the first one named would be billed each time.
        WHILE NOT is_settled DO
            -- What each caption that has cooled down is ranked by; nothing without figures.
            CREATE OR REPLACE TEMP TABLE selection_ranked AS
            WITH page_now AS (
                SELECT
                    daily_target,
                    holidays
                FROM UNNEST(figures)
                UNION ALL
                (
                    SELECT
                        daily_target,
                        holidays
                    FROM `{{ project }}`.`{{ dataset }}`.page_figures
                    WHERE
                        ARRAY_LENGTH(figures) = 0
                        AND page_name = for_page
                        AND refreshed_at > stored_since
                    ORDER BY refreshed_at DESC
                    LIMIT 1
                )
            ),

            -- How many messages the page carries on the day; a page without messages counts as small.
            day AS (
                SELECT
                    GREATEST(1, CAST(
                        ROUND(page_now.daily_target * COALESCE(
                            (
                                SELECT MIN(holidays.factor)
                                FROM UNNEST(page_now.holidays) AS holidays
                                WHERE holidays.holiday_date = schedule_date
                            ),
                            1.0
                        ))
                        AS INT64
                    )) AS day_messages
                FROM page_now
            ){% if selection.policy == 'index' %}

            SELECT
                scores.caption_id,
                scores.caption_text,
                scores.earnings_per_purchase,
                scores.score / scores.earnings_per_purchase AS drawn_rate,
                scores.rate * scores.earnings_per_purchase AS expected_value,
                scores.last_used IS NULL AS is_untried,
                scores.waits,
                day.day_messages
            FROM
                `{{ project }}`.`{{ dataset }}`.scores_by_figures(
                    for_page,
                    schedule_date,
                    figures,
                    stored_since
                ) AS scores
            CROSS JOIN day
            WHERE
                scores.is_active
                AND (
                    scores.last_used IS NULL
                    OR DATE(scores.last_used, '{{ time_zone }}') <= DATE_SUB(schedule_date, INTERVAL {{ selection.cooldown_days }} DAY)
                );
            {% else %},

            -- A caption without a history has the mean rate of its page as its prior, and the mean
            -- earnings per purchase. Each caption tried counts alike in these means: views go to
            -- what sells, so a mean over views would promise the best captions' rate of every
            -- caption never sent.
            learned AS (
                SELECT
                    caption_id,
                    last_used,
                    `{{ project }}`.`{{ dataset }}`.non_negative(successes) AS successes,
                    `{{ project }}`.`{{ dataset }}`.non_negative(failures) AS failures,
                    CAST(COALESCE(total_emv, 0) AS FLOAT64) AS earnings
                FROM `{{ project }}`.`{{ dataset }}`.caption_bandit_stats
                WHERE page_name = for_page
                -- No key keeps a caption from having two rows; the one last used says when it may go out.
                QUALIFY ROW_NUMBER() OVER (PARTITION BY caption_id ORDER BY last_used DESC, successes DESC, failures DESC) = 1
            ),

            page AS (
                SELECT
                    COALESCE(SAFE_DIVIDE(earnings_per_view, rate), 1.0) AS earnings_per_purchase,
                    COALESCE(
                        {{ selection.prior_successes }} * SAFE_DIVIDE(1 - rate, rate),
                        {{ selection.prior_failures }}
                    ) AS prior_failures
                FROM (
                    SELECT
                        AVG(successes / (successes + failures)) AS rate,
                        AVG(earnings / (successes + failures)) AS earnings_per_view
                    FROM learned
                    WHERE successes + failures > 0
                )
            ),

            candidates AS (
                SELECT
                    bank.caption_id,
                    bank.caption_text,
                    learned.last_used IS NULL AS is_untried,
                    COALESCE(learned.successes, 0) AS successes,
                    COALESCE(learned.failures, 0) AS failures,
                    COALESCE(learned.successes, 0) + {{ selection.prior_successes }} AS alpha,
                    COALESCE(learned.failures, 0) + GREATEST(page.prior_failures, 0.001) AS beta,
                    (COALESCE(learned.earnings, 0) + {{ selection.earnings_prior_purchases }} * page.earnings_per_purchase)
                    / (COALESCE(learned.successes, 0) + {{ selection.earnings_prior_purchases }}) AS earnings_per_purchase
                FROM (
                    SELECT
                        caption_id,
                        MIN(caption_text) AS caption_text
                    FROM `{{ project }}`.`{{ dataset }}`.caption_bank
                    WHERE
                        page_name = for_page
                        AND is_active
                    GROUP BY caption_id
                ) AS bank
                CROSS JOIN page
                LEFT JOIN learned ON bank.caption_id = learned.caption_id
                WHERE
                    learned.last_used IS NULL
                    OR DATE(learned.last_used, '{{ time_zone }}') <= DATE_SUB(schedule_date, INTERVAL {{ selection.cooldown_days }} DAY)
            ){% if selection.policy == 'beta' %},

            arms AS (
                SELECT
                    ARRAY_AGG(
                        STRUCT(
                            caption_id AS arm,
                            alpha AS alpha,
                            beta AS beta
                        )
                    ) AS shapes
                FROM candidates
            ),

            drawn AS (
                SELECT
                    arm,
                    draw
                FROM `{{ project }}`.`{{ dataset }}`.beta_draws((SELECT shapes FROM arms), draw_seed)
            )

            SELECT
                candidates.caption_id,
                candidates.caption_text,
                candidates.earnings_per_purchase,
                drawn.draw AS drawn_rate,
                candidates.alpha / (candidates.alpha + candidates.beta) * candidates.earnings_per_purchase AS expected_value,
                candidates.is_untried,
                FALSE AS waits,
                day.day_messages
            FROM candidates
            CROSS JOIN day
            INNER JOIN drawn ON candidates.caption_id = drawn.arm;
            {% else %}

            SELECT
                caption_id,
                caption_text,
                earnings_per_purchase,
                bounds.lower_bound + `{{ project }}`.`{{ dataset }}`.hash_uniform(
                    TO_HEX(SHA256(CONCAT(CAST(draw_seed AS STRING), '/0/', caption_id))),
                    0
                ) * (bounds.upper_bound - bounds.lower_bound) AS drawn_rate,
                alpha / (alpha + beta) * earnings_per_purchase AS expected_value,
                is_untried,
                FALSE AS waits,
                day_messages
            FROM (
                SELECT
                    candidates.*,
                    day.day_messages,
                    `{{ project }}`.`{{ dataset }}`.wilson_score_bounds(candidates.successes, candidates.failures) AS bounds
                FROM candidates
                CROSS JOIN day
            );
            {% endif %}
            {% endif %}
            -- All that reads much is done: the lock is held for the picking only.
            CALL `{{ project }}`.`{{ dataset }}`.take_page_lock(
                for_page, run, {{ selection.lock_lease_seconds }}, {{ selection.lock_patience_seconds }}
            );

            SET picks = ARRAY(
                WITH taken AS (
                    SELECT
                        caption_id,
                        COUNTIF(scheduled_send_date = schedule_date) AS on_the_day
                    FROM `{{ project }}`.`{{ dataset }}`.planned_captions(DATE_SUB(schedule_date, INTERVAL {{ [selection.cooldown_days, 1] | max - 1 }} DAY))
                    WHERE page_name = for_page
                    GROUP BY caption_id
                ),

                free AS (
                    SELECT
                        ranked.*,
                        ranked.drawn_rate * ranked.earnings_per_purchase AS score,
                        COUNT(*) OVER () AS free_captions,
                        TO_HEX(SHA256(CONCAT(CAST(draw_seed AS STRING), '/chance/', ranked.caption_id))) AS chance
                    -- Whatever stands twice in the tables behind it, a caption is given once.
                    FROM (
                        SELECT *
                        FROM selection_ranked
                        WHERE TRUE
                        QUALIFY ROW_NUMBER() OVER (PARTITION BY caption_id ORDER BY expected_value DESC, drawn_rate DESC) = 1
                    ) AS ranked
                    LEFT JOIN taken ON ranked.caption_id = taken.caption_id
                    WHERE taken.caption_id IS NULL
                ),

                -- The messages that the day still has room for, and how many of them are left to
                -- chance: each by itself, so that the share holds however few a call asks for.
                room AS (
                    SELECT
                        sizes.captions,
                        (
                            SELECT
                                COUNTIF(
                                    `{{ project }}`.`{{ dataset }}`.hash_uniform(
                                        TO_HEX(SHA256(CONCAT(CAST(draw_seed AS STRING), '/slot/', for_page, '/', CAST(sizes.planned + slot AS STRING)))),
                                        0
                                    ) < {{ selection.random_share }}
                                )
                            FROM UNNEST(GENERATE_ARRAY(1, sizes.captions)) AS slot
                        ) AS by_chance
                    FROM (
                        SELECT
                            day.planned,
                            GREATEST(0, LEAST(num_captions, day.messages - day.planned)) AS captions
                        FROM (
                            SELECT
                                (SELECT COALESCE(MAX(day_messages), 0) FROM selection_ranked) AS messages,
                                (SELECT COALESCE(SUM(on_the_day), 0) FROM taken) AS planned
                        ) AS day
                    ) AS sizes
                ),

                -- Random captions are the first in an order that knows no score, so each free caption
                -- has the same chance; the best of the others follow, and those that wait for a better
                -- weekday come last. Equal scores are put in order by the seed as well.
                picked AS (
                    SELECT
                        lots.*,
                        ROW_NUMBER() OVER (ORDER BY lots.is_random DESC, lots.waits ASC, lots.score DESC, lots.chance ASC) AS turn
                    FROM (
                        SELECT
                            free.*,
                            room.captions,
                            ROW_NUMBER() OVER (ORDER BY free.chance) <= room.by_chance AS is_random,
                            ROW_NUMBER() OVER (ORDER BY free.waits ASC, free.expected_value DESC, free.chance ASC) AS place_by_mean
                        FROM free
                        CROSS JOIN room
                    ) AS lots
                ),

                numbered AS (
                    SELECT
                        *,
                        ROW_NUMBER() OVER (ORDER BY score DESC, chance ASC) AS position
                    FROM picked
                    WHERE turn <= captions
                )

                SELECT AS STRUCT
                    GENERATE_UUID() AS assignment_id,
                    numbered.position,
                    numbered.caption_id,
                    IF(SUM(LENGTH(numbered.caption_text)) OVER () <= 100000, numbered.caption_text, NULL) AS caption_text,
                    numbered.drawn_rate,
                    numbered.earnings_per_purchase,
                    numbered.score,
                    numbered.is_random,
                    numbered.is_untried,
                    numbered.free_captions,
                    numbered.expected_value,
                    best.expected_value AS best_value
                FROM numbered
                INNER JOIN picked AS best ON numbered.position = best.place_by_mean
            );
            SET is_settled = ARRAY_LENGTH(picks) > 0 OR ARRAY_LENGTH(figures) > 0;
            -- cost: 1 of 100
            IF NOT is_settled THEN
                -- A page whose captions all cool down has figures, and nothing to rank.
                SET is_settled = EXISTS (SELECT 1 FROM selection_ranked) OR EXISTS (
                    SELECT 1
                    FROM `{{ project }}`.`{{ dataset }}`.page_figures
                    WHERE
                        page_name = for_page
                        AND refreshed_at > stored_since
                );
                IF NOT is_settled THEN
                    CALL `{{ project }}`.`{{ dataset }}`.release_page_lock(for_page, run);
                    SET figures = ARRAY(
                        SELECT AS STRUCT
                            message_views,
                            daily_target,
                            classes,
                            weekdays,
                            holidays
                        FROM `{{ project }}`.`{{ dataset }}`.live_page_figures(for_page, today)
                    );
                END IF;
            END IF;
        END WHILE;

        -- All or none, and only while the lock is held for another minute: a selection that was
        -- too slow inserts nothing beside the one that came after it.
        INSERT INTO `{{ project }}`.`{{ dataset }}`.active_caption_assignments (
            assignment_id,
            page_name,
            caption_id,
            scheduled_send_date,
            assigned_at,
            is_active
        )
        SELECT
            picked.assignment_id,
            for_page,
            picked.caption_id,
            schedule_date,
            CURRENT_TIMESTAMP(),
            TRUE
        FROM UNNEST(picks) AS picked
        WHERE EXISTS (
            SELECT 1
            FROM `{{ project }}`.`{{ dataset }}`.page_locks AS locks
            WHERE
                locks.lock_bucket = bucket
                AND locks.page_name = for_page
                AND locks.holder = run
                AND locks.held_until > TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 1 MINUTE)
        );
        SET granted = @@row_count;
        IF granted = 0 AND ARRAY_LENGTH(picks) > 0 THEN
            RAISE USING MESSAGE = CONCAT('the lock of page ', for_page, ' ended while captions were picked');
        END IF;

        -- The captions are held now: neither the lock's end nor the log may turn the call into
        -- a failure.
        BEGIN
            CALL `{{ project }}`.`{{ dataset }}`.release_page_lock(for_page, run);
            INSERT INTO `{{ project }}`.`{{ dataset }}`.caption_choices (
                assignment_id,
                page_name,
                caption_id,
                scheduled_send_date,
                chosen_at,
                policy,
                is_random,
                is_untried,
                free_captions,
                score,
                expected_value,
                best_value
            )
            SELECT
                picked.assignment_id,
                for_page,
                picked.caption_id,
                schedule_date,
                CURRENT_TIMESTAMP(),
                '{{ selection.policy }}',
                picked.is_random,
                picked.is_untried,
                picked.free_captions,
                picked.score,
                picked.expected_value,
                picked.best_value
            FROM UNNEST(picks) AS picked;
            INSERT INTO `{{ project }}`.`{{ dataset }}`.etl_job_runs (
                run_id,
                job_name,
                execution_date,
                job_start_time,
                job_end_time,
                duration_seconds,
                status,
                rows_affected
            )
            VALUES (
                run,
                'select_captions_for_creator',
                schedule_date,
                started,
                CURRENT_TIMESTAMP(),
                TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), started, MILLISECOND) / 1000,
                'SUCCESS',
                granted
            );
        EXCEPTION WHEN ERROR THEN
            CALL `{{ project }}`.`{{ dataset }}`.raise_alert(
                'INFO',
                'Selection not closed',
                'select_captions_for_creator',
                CONCAT('its captions are held, its lock ends by itself: ', @@error.message),
                JSON_OBJECT('page_name', for_page),
                run
            );
        END;
        -- cost: 1 of 100
        IF granted = 0 THEN
            IF NOT EXISTS (SELECT 1 FROM selection_ranked) THEN
                CALL `{{ project }}`.`{{ dataset }}`.raise_alert(
                    'WARNING',
                    'No caption to select',
                    'select_captions_for_creator',
                    FORMAT('page %s has no active caption that is not cooling down', for_page),
                    JSON_OBJECT('page_name', for_page, 'asked_for', num_captions),
                    run
                );
            ELSE
                CALL `{{ project }}`.`{{ dataset }}`.raise_alert(
                    'INFO',
                    'Nothing left to select',
                    'select_captions_for_creator',
                    FORMAT('page %s has its messages of %t, or all its captions are taken', for_page, schedule_date),
                    JSON_OBJECT('page_name', for_page, 'asked_for', num_captions),
                    run
                );
            END IF;
        END IF;
    EXCEPTION WHEN ERROR THEN
        SET failure = @@error.message;
        BEGIN
            CALL `{{ project }}`.`{{ dataset }}`.release_page_lock(for_page, run);
        EXCEPTION WHEN ERROR THEN
            -- It ends by itself.
            SET failure = CONCAT(failure, '; the lock of the page was not given back: ', @@error.message);
        END;
        INSERT INTO `{{ project }}`.`{{ dataset }}`.etl_job_runs (
            run_id,
            job_name,
            execution_date,
            job_start_time,
            job_end_time,
            duration_seconds,
            status,
            error_message
        )
        VALUES (
            run,
            'select_captions_for_creator',
            schedule_date,
            started,
            CURRENT_TIMESTAMP(),
            TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), started, MILLISECOND) / 1000,
            'FAILED',
            failure
        );
        CALL `{{ project }}`.`{{ dataset }}`.raise_alert(
            'WARNING',
            'Caption selection failed',
            'select_captions_for_creator',
            failure,
            JSON_OBJECT('page_name', for_page),
            run
        );
        RAISE USING MESSAGE = failure;
    END;

    -- cost: 1 of 100
    IF (SELECT COUNTIF(picked.caption_text IS NULL) FROM UNNEST(picks) AS picked) > 0 THEN
        SELECT
            picked.position,
            picked.assignment_id,
            for_page AS page_name,
            picked.caption_id,
            ranked.caption_text,
            schedule_date AS scheduled_send_date,
            picked.drawn_rate,
            picked.earnings_per_purchase,
            picked.score AS drawn_earnings_per_view,
            picked.is_random
        FROM UNNEST(picks) AS picked
        INNER JOIN selection_ranked AS ranked ON picked.caption_id = ranked.caption_id
        ORDER BY picked.position;
        RETURN;
    END IF;
    SELECT
        picked.position,
        picked.assignment_id,
        for_page AS page_name,
        picked.caption_id,
        picked.caption_text,
        schedule_date AS scheduled_send_date,
        picked.drawn_rate,
        picked.earnings_per_purchase,
        picked.score AS drawn_earnings_per_view,
        picked.is_random
    FROM UNNEST(picks) AS picked
    ORDER BY picked.position;
END;
