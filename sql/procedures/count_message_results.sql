CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.count_message_results(from_date DATE)
OPTIONS (
    description = 'Counts the results of messages sent since a date, or with NULL {{ automation.feedback_late_days }} days before the newest result counted, where the delivery is not what was counted, and brings caption_bandit_stats up to date. Part of update_caption_performance and recount_caption_performance, which never run at the same time.'
)
BEGIN
    DECLARE run STRING DEFAULT GENERATE_UUID();
    DECLARE started TIMESTAMP DEFAULT CURRENT_TIMESTAMP();
    DECLARE window_start DATE DEFAULT DATE_SUB(DATE(started), INTERVAL {{ automation.feedback_window_days }} DAY);
    DECLARE watermark TIMESTAMP;
    DECLARE read_from DATE;
    DECLARE changed_rows INT64 DEFAULT 0;
    DECLARE is_open BOOL;
    DECLARE are_figures_due BOOL;
    DECLARE failure STRING;

    SET @@query_label = CONCAT('component:update_caption_performance,{{ job_labels }},eros_run:', run);

    BEGIN
        CALL `{{ project }}`.`{{ dataset }}`.start_job_run(
            run,
            'update_caption_performance',
            DATE(started, '{{ time_zone }}'),
            {{ limits.query_timeout_seconds + limits.stop_within_seconds }},
            is_open
        );
        IF NOT is_open THEN
            -- Another run is at work and counts the same messages, but not those of long ago.
            IF from_date IS NOT NULL THEN
                RAISE USING MESSAGE = 'refused: a feedback run is at work; call recount_caption_performance again when it has ended';
            END IF;
            RETURN;
        END IF;

        IF from_date IS NULL THEN
            SET watermark = (
                SELECT MAX(updated_at)
                FROM `{{ project }}`.`{{ dataset }}`.message_feedback
                WHERE DATE(sent_at) >= window_start
            );
            -- A clock that was set back may have counted later than now: nothing would be read then.
            SET read_from = DATE_SUB(DATE(LEAST(watermark, started)), INTERVAL {{ automation.feedback_late_days }} DAY);
        ELSE
            SET read_from = from_date;
        END IF;
        SET read_from = GREATEST(window_start, COALESCE(read_from, window_start));

        -- One row per message: its newest delivery, cleaned. When a result was delivered says
        -- nothing of whether it was counted: loads come in any order. So every delivery of
        -- these days is compared with what was counted. Counts only grow, so among deliveries
        -- of the same moment the largest is the newest. A delivery time in the future would
        -- be newer than all to come, so it counts as now. A text without a character is no
        -- text.
        CREATE OR REPLACE TEMP TABLE feedback_delivered AS
        SELECT
            message_id,
            page_name,
            caption_id AS named_caption,
            NULLIF(
                `{{ project }}`.`{{ dataset }}`.caption_key_v2(message_text),
                `{{ project }}`.`{{ dataset }}`.caption_key_v2('')
            ) AS text_key,
            sent_at,
            `{{ project }}`.`{{ dataset }}`.non_negative(viewed_count) AS views,
            LEAST(
                `{{ project }}`.`{{ dataset }}`.non_negative(purchased_count),
                `{{ project }}`.`{{ dataset }}`.non_negative(viewed_count)
            ) AS purchases,
            GREATEST(COALESCE(earnings, 0), 0) AS earnings,
            LEAST(updated_at, started) AS updated_at
        FROM `{{ project }}`.`{{ dataset }}`.mass_messages
        WHERE
            DATE(sent_at) BETWEEN read_from AND DATE(started)
            AND sent_at <= started
        QUALIFY ROW_NUMBER() OVER (
            PARTITION BY message_id
            ORDER BY
                LEAST(updated_at, started) DESC,
                views DESC,
                purchases DESC,
                earnings DESC,
                sent_at DESC,
                page_name ASC,
                named_caption ASC NULLS LAST,
                text_key ASC NULLS LAST
        ) = 1;

        -- A message belongs to the caption of its page whose text it carries: to the one it
        -- names where several carry it, to the first otherwise. A text that was changed
        -- for the message falls back to the caption it names.
        -- The texts are most of the bank, so they are read only where a caption has no key.
        {%- for with_texts in [False, True] %}
        -- cost: {{ '1 of 100' if with_texts else '1 of 1' }}
        IF {{ '(SELECT COALESCE(MAX(matched.keyless_captions), 0) FROM feedback_matched AS matched) > 0' if with_texts else 'TRUE' }} THEN
            CREATE OR REPLACE TEMP TABLE feedback_matched AS
            WITH bank AS (
                SELECT
                    page_name,
                    caption_id,
                    LOGICAL_OR(caption_key IS NULL) AS is_keyless,
                    MIN(
                        NULLIF(
                            {% if with_texts %}COALESCE(caption_key, `{{ project }}`.`{{ dataset }}`.caption_key_v2(caption_text)){% else %}caption_key{% endif %},
                            `{{ project }}`.`{{ dataset }}`.caption_key_v2('')
                        )
                    ) AS caption_key
                FROM `{{ project }}`.`{{ dataset }}`.caption_bank
                WHERE page_name IN (SELECT delivered.page_name FROM feedback_delivered AS delivered)
                GROUP BY
                    page_name,
                    caption_id
            ),

            first_of_key AS (
                SELECT
                    page_name,
                    caption_key,
                    MIN(caption_id) AS caption_id
                FROM bank
                WHERE caption_key IS NOT NULL
                GROUP BY
                    page_name,
                    caption_key
            )

            SELECT
                delivered.message_id,
                delivered.page_name,
                delivered.sent_at,
                delivered.views,
                delivered.purchases,
                delivered.earnings,
                delivered.updated_at,
                keyless.captions AS keyless_captions,
                IF(
                    named.caption_key = delivered.text_key,
                    named.caption_id,
                    COALESCE(first_of_key.caption_id, named.caption_id)
                ) AS caption_id,
                IF(
                    named.caption_key = delivered.text_key,
                    named.caption_key,
                    COALESCE(first_of_key.caption_key, named.caption_key)
                ) AS caption_key
            FROM feedback_delivered AS delivered
            CROSS JOIN (SELECT COUNTIF(is_keyless) AS captions FROM bank) AS keyless
            LEFT JOIN bank AS named
                ON
                    delivered.page_name = named.page_name
                    AND delivered.named_caption = named.caption_id
            LEFT JOIN first_of_key
                ON
                    delivered.page_name = first_of_key.page_name
                    AND delivered.text_key = first_of_key.caption_key;
        END IF;
        {%- endfor %}

        -- What is written. A later delivery replaces the earlier one; where it changes nothing,
        -- only its time is kept, unless that is in the future: then it is later at every run.
        -- Of the same moment the larger counts win, then a caption: one that is gone from the
        -- bank does not take the message away.
        CREATE OR REPLACE TEMP TABLE feedback_fresh AS
        SELECT *
        FROM (
            SELECT
                matched.*,
                counted.page_name AS counted_page,
                counted.caption_id AS counted_caption,
                counted.counted_at,
                (
                    counted.message_id IS NULL
                    OR matched.views != counted.views
                    OR matched.purchases != counted.purchases
                    OR matched.earnings != counted.earnings
                    OR matched.page_name != counted.page_name
                    OR matched.sent_at != counted.sent_at
                    OR matched.caption_id IS DISTINCT FROM counted.caption_id
                ) AS is_changed
            FROM feedback_matched AS matched
            LEFT JOIN (
                SELECT
                    message_id,
                    page_name,
                    caption_id,
                    sent_at,
                    views,
                    purchases,
                    earnings,
                    updated_at,
                    counted_at
                FROM `{{ project }}`.`{{ dataset }}`.message_feedback
                WHERE DATE(sent_at) >= window_start
            ) AS counted
                ON matched.message_id = counted.message_id
            WHERE
                counted.message_id IS NULL
                OR matched.updated_at > counted.updated_at
                OR (
                    matched.updated_at = counted.updated_at
                    AND (
                        matched.views > counted.views
                        OR (matched.views = counted.views AND matched.purchases > counted.purchases)
                        OR (
                            matched.views = counted.views
                            AND matched.purchases = counted.purchases
                            AND (
                                matched.earnings > counted.earnings
                                OR (
                                    matched.earnings = counted.earnings
                                    AND matched.caption_id IS NOT NULL
                                    AND (matched.page_name != counted.page_name OR matched.caption_id IS DISTINCT FROM counted.caption_id)
                                )
                            )
                        )
                    )
                )
        )
        WHERE is_changed OR updated_at < started;

        -- A message that moved to another caption changes both.
        CREATE OR REPLACE TEMP TABLE feedback_touched AS
        SELECT
            page_name,
            caption_id,
            MAX(caption_key) AS caption_key
        FROM (
            SELECT
                page_name,
                caption_id,
                caption_key
            FROM feedback_fresh
            WHERE is_changed
            UNION ALL
            SELECT
                counted_page,
                counted_caption,
                CAST(NULL AS STRING)
            FROM feedback_fresh
            WHERE is_changed
        )
        WHERE caption_id IS NOT NULL
        GROUP BY
            page_name,
            caption_id;

        -- DELETE with INSERT for the messages: one may have been moved to another day, and a MERGE
        -- would read every column of a year, where these read two.
        BEGIN TRANSACTION;
        BEGIN
            DELETE FROM `{{ project }}`.`{{ dataset }}`.message_feedback
            WHERE
                DATE(sent_at) >= window_start
                AND message_id IN (SELECT fresh.message_id FROM feedback_fresh AS fresh);

            INSERT INTO `{{ project }}`.`{{ dataset }}`.message_feedback (
                message_id,
                page_name,
                caption_id,
                sent_at,
                views,
                purchases,
                earnings,
                updated_at,
                counted_at
            )
            SELECT
                message_id,
                page_name,
                caption_id,
                sent_at,
                views,
                purchases,
                earnings,
                updated_at,
                IF(is_changed, started, counted_at)
            FROM feedback_fresh;

            -- Totals are computed again from every message of a touched caption, never
            -- added up, so nothing drifts.
            CREATE OR REPLACE TEMP TABLE feedback_totals AS
            SELECT
                sums.*,
                `{{ project }}`.`{{ dataset }}`.wilson_score_bounds(successes, failures) AS bounds,
                SAFE_DIVIDE(CAST(total_emv AS FLOAT64), total_views) AS avg_emv
            FROM (
                SELECT
                    touched.page_name,
                    touched.caption_id,
                    ANY_VALUE(touched.caption_key) AS caption_key,
                    MAX(counted.sent_at) AS last_used,
                    COALESCE(SUM(counted.purchases), 0) AS successes,
                    COALESCE(SUM(counted.views - counted.purchases), 0) AS failures,
                    COALESCE(SUM(counted.views), 0) AS total_views,
                    COALESCE(SUM(counted.earnings), 0) AS total_emv,
                    MAX(counted.updated_at) AS last_observed_at,
                    SUM(counted.send) / MAX(counted.send) AS recent_sends,
                    COALESCE(SUM(counted.views * counted.load), 0) AS load_views,
                    COALESCE(SUM(counted.views * POW(counted.load, 2)), 0) AS load_squares,
                    COALESCE(SUM(counted.purchases * counted.load), 0) AS load_purchases
                FROM feedback_touched AS touched
                -- The load of a message: how often its caption was sent before, where a send of
                -- {{ selection.recovery_days }} days before weighs half. Fans who tire buy the less, the more it is.
                LEFT JOIN (
                    SELECT
                        *,
                        COALESCE(SUM(send) OVER before_it, 0) / send AS load
                    FROM (
                        SELECT
                            message_id,
                            page_name,
                            caption_id,
                            sent_at,
                            views,
                            purchases,
                            earnings,
                            updated_at,
                            POW(2, TIMESTAMP_DIFF(sent_at, TIMESTAMP(window_start), SECOND) / 86400 / {{ selection.recovery_days }}) AS send
                        FROM `{{ project }}`.`{{ dataset }}`.message_feedback
                        WHERE DATE(sent_at) >= window_start
                    )
                    WINDOW before_it AS (
                        PARTITION BY page_name, caption_id
                        ORDER BY sent_at, message_id
                        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                    )
                ) AS counted
                    ON
                        touched.page_name = counted.page_name
                        AND touched.caption_id = counted.caption_id
                GROUP BY
                    touched.page_name,
                    touched.caption_id
            ) AS sums;

            MERGE INTO `{{ project }}`.`{{ dataset }}`.caption_bandit_stats AS stats
            USING feedback_totals AS totals
                ON
                    stats.page_name = totals.page_name
                    AND stats.caption_id = totals.caption_id
            WHEN MATCHED THEN
                UPDATE SET
                    last_used = totals.last_used,
                    last_updated = started,
                    successes = totals.successes,
                    failures = totals.failures,
                    total_views = totals.total_views,
                    engagement_count = totals.successes,
                    wilson_score_lower_bound = totals.bounds.lower_bound,
                    wilson_score_upper_bound = totals.bounds.upper_bound,
                    caption_key = COALESCE(totals.caption_key, stats.caption_key),
                    total_emv = totals.total_emv,
                    avg_emv = totals.avg_emv,
                    last_observed_at = totals.last_observed_at,
                    recent_sends = totals.recent_sends,
                    load_views = totals.load_views,
                    load_squares = totals.load_squares,
                    load_purchases = totals.load_purchases
            WHEN NOT MATCHED THEN
                INSERT (
                    page_name,
                    caption_id,
                    last_used,
                    last_updated,
                    successes,
                    failures,
                    total_views,
                    engagement_count,
                    wilson_score_lower_bound,
                    wilson_score_upper_bound,
                    caption_key,
                    total_emv,
                    avg_emv,
                    last_observed_at,
                    created_at,
                    recent_sends,
                    load_views,
                    load_squares,
                    load_purchases
                )
                VALUES (
                    totals.page_name,
                    totals.caption_id,
                    totals.last_used,
                    started,
                    totals.successes,
                    totals.failures,
                    totals.total_views,
                    totals.successes,
                    totals.bounds.lower_bound,
                    totals.bounds.upper_bound,
                    totals.caption_key,
                    totals.total_emv,
                    totals.avg_emv,
                    totals.last_observed_at,
                    started,
                    totals.recent_sends,
                    totals.load_views,
                    totals.load_squares,
                    totals.load_purchases
                );
            SET changed_rows = @@row_count;
            COMMIT TRANSACTION;
        EXCEPTION WHEN ERROR THEN
            BEGIN
                ROLLBACK TRANSACTION;
            EXCEPTION WHEN ERROR THEN
                -- It is over already; the first error is the one to tell.
                SET changed_rows = 0;
            END;
            RAISE;
        END;
        -- What pages, classes and weekdays are worth moves little in a day.
        SET are_figures_due = from_date IS NOT NULL OR NOT EXISTS (
            SELECT 1
            FROM `{{ project }}`.`{{ dataset }}`.page_figures
            WHERE refreshed_at >= TIMESTAMP(DATE(started))
        );
        -- Every six hours, of which one run is the first of its day.
        -- cost: 1 of 4
        IF are_figures_due THEN
            CALL `{{ project }}`.`{{ dataset }}`.refresh_class_ratios();
            CALL `{{ project }}`.`{{ dataset }}`.refresh_page_figures();
        END IF;
        -- What was sent before the days that are read is counted by nobody, unless a person asks.
        INSERT INTO `{{ project }}`.`{{ dataset }}`.stored_figures (figure_time, figure, value)
        SELECT
            CURRENT_TIMESTAMP(),
            'uncounted_results',
            COALESCE(SUM(results), 0)
        FROM `{{ project }}`.`{{ dataset }}`.uncounted_results;
        CALL `{{ project }}`.`{{ dataset }}`.finish_job_run(run, 'SUCCESS', changed_rows, NULL);
    EXCEPTION WHEN ERROR THEN
        SET failure = @@error.message;
        -- A recount that was refused is no run, and its caller reads why.
        IF STARTS_WITH(failure, 'refused: ') THEN
            RAISE USING MESSAGE = failure;
        END IF;
        -- One that passes by itself is tried again, and reported by who tries (prepare_retry).
        IF NOT `{{ project }}`.`{{ dataset }}`.is_transient_error(failure) THEN
            CALL `{{ project }}`.`{{ dataset }}`.raise_alert(
                'CRITICAL',
                'Performance update failed',
                'update_caption_performance',
                failure,
                NULL,
                run
            );
        END IF;
        CALL `{{ project }}`.`{{ dataset }}`.finish_job_run(run, 'FAILED', 0, failure);
        RAISE USING MESSAGE = failure;
    END;
END;
