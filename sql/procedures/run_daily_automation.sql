CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.run_daily_automation(execution_date DATE)
OPTIONS (
    description = 'Analyses every active creator and queues a schedule request for each page below {{ automation.saturation_limit_pct }} percent saturation. The date is today in {{ time_zone }}, or yesterday. A second run of a day that succeeded changes nothing, unless the first found no creator. A page whose data are wrong is reported and left out; the circuit breaker opens at {{ automation.breaker_failures }} creators in a row whose statement fails.'
)
BEGIN
    DECLARE run STRING DEFAULT GENERATE_UUID();
    DECLARE started TIMESTAMP DEFAULT CURRENT_TIMESTAMP();
    DECLARE today DATE DEFAULT CURRENT_DATE('{{ time_zone }}');
    -- Inside a query the name of a column wins over the name of an argument.
    DECLARE run_date DATE DEFAULT execution_date;
    DECLARE is_open BOOL;
    DECLARE failure STRING;
    DECLARE failures_in_a_row INT64 DEFAULT 0;
    DECLARE breaker_open BOOL DEFAULT FALSE;
    -- Less a minute, in which the requests are queued.
    DECLARE lease_end TIMESTAMP DEFAULT TIMESTAMP_ADD(started, INTERVAL {{ limits.daily_run_timeout_seconds - 60 }} SECOND);
    DECLARE outcome STRUCT<total INT64, processed INT64, failed INT64, skipped INT64, last_errors STRING>;
    DECLARE queued INT64 DEFAULT 0;
    DECLARE final_status STRING;

    SET @@query_label = CONCAT('component:run_daily_automation,{{ job_labels }},eros_run:', run);

    -- A day to come would be marked as done before it begins, a day gone by cannot be
    -- planned any more. Yesterday is for a run that is repeated after midnight.
    IF run_date IS NULL OR run_date NOT BETWEEN DATE_SUB(today, INTERVAL 1 DAY) AND today THEN
        RAISE USING MESSAGE = FORMAT(
            'refused: execution_date must be %t or %t, the day in {{ time_zone }}, but is %t',
            DATE_SUB(today, INTERVAL 1 DAY),
            today,
            run_date
        );
    END IF;

    IF EXISTS (
        SELECT 1
        FROM `{{ project }}`.`{{ dataset }}`.etl_job_runs AS runs
        WHERE
            runs.job_name = 'run_daily_automation'
            AND runs.execution_date = run_date
            AND runs.status = 'SUCCESS'
            -- A run that found no creator came before the messages: it has planned nothing.
            AND runs.creators_total > 0
            AND DATE(runs.job_start_time) >= DATE_SUB(run_date, INTERVAL 1 DAY)
    ) THEN
        RETURN;
    END IF;

    BEGIN
        CALL `{{ project }}`.`{{ dataset }}`.start_job_run(
            run,
            'run_daily_automation',
            run_date,
            {{ limits.daily_run_timeout_seconds + limits.stop_within_seconds }},
            is_open
        );
        IF NOT is_open THEN
            -- The same run was started twice and the other one is at work.
            RETURN;
        END IF;

        CREATE OR REPLACE TEMP TABLE daily_analysis (
            page_name STRING,
            saturation_pct FLOAT64,
            error_message STRING,
            statement_text STRING,
            is_skipped BOOL
        );
        BEGIN
            INSERT INTO daily_analysis (
                page_name,
                saturation_pct,
                error_message
            )
            SELECT
                page_name,
                saturation_pct,
                analysis_error
            FROM `{{ project }}`.`{{ dataset }}`.analyze_creators(run_date);
        EXCEPTION WHEN ERROR THEN
            -- The data of one creator stopped the statement over all of them: find it by
            -- looking at each on its own. Only here, since one statement for each of 500
            -- creators takes minutes.
            FOR creator IN (
                SELECT page_name
                FROM `{{ project }}`.`{{ dataset }}`.account_sizes(run_date)
                ORDER BY page_name
            ) DO
                BEGIN
                    INSERT INTO daily_analysis (
                        page_name,
                        saturation_pct,
                        error_message
                    )
                    SELECT
                        page_name,
                        saturation_pct,
                        analysis_error
                    FROM `{{ project }}`.`{{ dataset }}`.analyze_creator_performance(creator.page_name, run_date);
                    SET failures_in_a_row = 0;
                EXCEPTION WHEN ERROR THEN
                    INSERT INTO daily_analysis (
                        page_name,
                        error_message,
                        statement_text
                    )
                    VALUES (
                        creator.page_name,
                        @@error.message,
                        @@error.statement_text
                    );
                    SET failures_in_a_row = failures_in_a_row + 1;
                END;
                IF failures_in_a_row >= {{ automation.breaker_failures }} OR CURRENT_TIMESTAMP() >= lease_end THEN
                    SET breaker_open = failures_in_a_row >= {{ automation.breaker_failures }};
                    INSERT INTO daily_analysis (
                        page_name,
                        is_skipped
                    )
                    SELECT
                        page_name,
                        TRUE
                    FROM `{{ project }}`.`{{ dataset }}`.account_sizes(run_date)
                    WHERE page_name > creator.page_name;
                    LEAVE;
                END IF;
            END FOR;
        END;

        -- A page whose data are wrong stops nobody else: only statements that fail open the
        -- breaker (docs/requirements.md C-39).
        CREATE OR REPLACE TEMP TABLE daily_verdicts AS
        SELECT
            page_name,
            saturation_pct,
            statement_text,
            COALESCE(error_message, 'the saturation could not be computed') AS error_message,
            CASE
                WHEN is_skipped THEN 'SKIPPED'
                WHEN error_message IS NULL AND saturation_pct IS NOT NULL THEN 'PROCESSED'
                ELSE 'FAILED'
            END AS verdict
        FROM daily_analysis;

        SET outcome = (
            SELECT AS STRUCT
                COUNT(*) AS total,
                COUNTIF(verdict = 'PROCESSED') AS processed,
                COUNTIF(verdict = 'FAILED') AS failed,
                COUNTIF(verdict = 'SKIPPED') AS skipped,
                STRING_AGG(
                    IF(verdict = 'FAILED', CONCAT(page_name, ': ', error_message), NULL),
                    '; '
                    ORDER BY page_name DESC
                    LIMIT {{ automation.breaker_failures }}
                ) AS last_errors
            FROM daily_verdicts
        );
        SET final_status = CASE
            WHEN breaker_open THEN 'CIRCUIT_OPEN'
            WHEN outcome.failed > 0 AND outcome.processed = 0 THEN 'FAILED'
            WHEN outcome.failed + outcome.skipped > 0 THEN 'PARTIAL'
            ELSE 'SUCCESS'
        END;

        -- Only while the lease is this run's: one that was too slow queues nothing beside the
        -- run that came after it. A request that is there already keeps its state, whatever it
        -- is. The requests come first: what is repeated after them is a report.
        MERGE INTO `{{ project }}`.`{{ dataset }}`.schedule_generation_queue AS queue
        USING (
            SELECT
                verdicts.page_name,
                verdicts.saturation_pct
            FROM daily_verdicts AS verdicts
            WHERE
                verdicts.verdict = 'PROCESSED'
                AND verdicts.saturation_pct < {{ automation.saturation_limit_pct }}
                AND EXISTS (
                    SELECT 1
                    FROM `{{ project }}`.`{{ dataset }}`.automation_locks AS locks
                    WHERE
                        locks.lock_name = 'job/run_daily_automation'
                        AND locks.holder = run
                        AND locks.held_until > TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 30 SECOND)
                )
        ) AS wanted
            ON
                queue.execution_date = run_date
                AND queue.page_name = wanted.page_name
        WHEN NOT MATCHED THEN
            INSERT (
                page_name,
                execution_date,
                status,
                saturation_pct,
                created_at,
                attempts,
                run_id
            )
            VALUES (
                wanted.page_name,
                run_date,
                'PENDING',
                wanted.saturation_pct,
                CURRENT_TIMESTAMP(),
                0,
                run
            );
        SET queued = @@row_count;
        IF queued = 0 AND NOT EXISTS (
            SELECT 1
            FROM `{{ project }}`.`{{ dataset }}`.automation_locks
            WHERE
                lock_name = 'job/run_daily_automation'
                AND holder = run
                AND held_until > CURRENT_TIMESTAMP()
        ) THEN
            RAISE USING MESSAGE = 'the lease of the run ended before its requests were queued';
        END IF;

        INSERT INTO `{{ project }}`.`{{ dataset }}`.creator_processing_errors (
            run_id,
            execution_date,
            page_name,
            step,
            error_message,
            statement_text,
            error_time
        )
        SELECT
            run,
            run_date,
            page_name,
            IF(verdict = 'FAILED', 'ANALYZE', 'SKIPPED'),
            CASE
                WHEN verdict = 'FAILED' THEN error_message
                WHEN breaker_open THEN 'not analysed: the circuit breaker was open'
                ELSE 'not analysed: the lease of the run was at its end'
            END,
            statement_text,
            CURRENT_TIMESTAMP()
        FROM daily_verdicts
        WHERE verdict != 'PROCESSED';
        CALL `{{ project }}`.`{{ dataset }}`.close_job_run(
            run,
            final_status,
            queued,
            outcome.last_errors,
            outcome.total,
            outcome.processed,
            outcome.failed,
            queued
        );
    EXCEPTION WHEN ERROR THEN
        SET failure = @@error.message;
        -- One that passes by itself is tried again, and reported by who tries (prepare_retry).
        IF NOT `{{ project }}`.`{{ dataset }}`.is_transient_error(failure) THEN
            CALL `{{ project }}`.`{{ dataset }}`.raise_alert(
                'CRITICAL',
                'Daily automation failure',
                'run_daily_automation',
                failure,
                NULL,
                run
            );
        END IF;
        CALL `{{ project }}`.`{{ dataset }}`.finish_job_run(run, 'FAILED', 0, failure);
        RAISE USING MESSAGE = failure;
    END;

    IF final_status = 'CIRCUIT_OPEN' THEN
        CALL `{{ project }}`.`{{ dataset }}`.raise_alert(
            'CRITICAL',
            'Circuit breaker open',
            'run_daily_automation',
            FORMAT(
                '{{ automation.breaker_failures }} creators in a row failed on %t, %d were not analysed: %s',
                run_date,
                outcome.skipped,
                outcome.last_errors
            ),
            JSON_OBJECT('failed', outcome.failed, 'skipped', outcome.skipped),
            run
        );
    ELSEIF final_status = 'FAILED' THEN
        CALL `{{ project }}`.`{{ dataset }}`.raise_alert(
            'CRITICAL',
            'Daily automation failure',
            'run_daily_automation',
            FORMAT('no creator could be analysed on %t: %s', run_date, outcome.last_errors),
            JSON_OBJECT('failed', outcome.failed),
            run
        );
    ELSEIF outcome.skipped > 0 THEN
        CALL `{{ project }}`.`{{ dataset }}`.raise_alert(
            'WARNING',
            'Daily automation cut short',
            'run_daily_automation',
            FORMAT(
                '%d creators were not analysed on %t, because the lease of the run was at its end; start it again',
                outcome.skipped,
                run_date
            ),
            JSON_OBJECT('failed', outcome.failed, 'skipped', outcome.skipped),
            run
        );
    ELSEIF outcome.failed > 0 THEN
        CALL `{{ project }}`.`{{ dataset }}`.raise_alert(
            'WARNING',
            IF(
                100 * outcome.failed / (outcome.failed + outcome.processed) > {{ thresholds.creator_failure_warning_pct }},
                'High creator failure rate',
                'Creator failures'
            ),
            'run_daily_automation',
            FORMAT(
                '%d of %d creators could not be analysed on %t: %s',
                outcome.failed,
                outcome.failed + outcome.processed,
                run_date,
                outcome.last_errors
            ),
            JSON_OBJECT('failed', outcome.failed, 'processed', outcome.processed),
            run
        );
    ELSEIF outcome.total = 0 THEN
        CALL `{{ project }}`.`{{ dataset }}`.raise_alert(
            'WARNING',
            'No active creators',
            'run_daily_automation',
            FORMAT('mass_messages has no message of the {{ automation.active_days }} days up to %t', run_date),
            NULL,
            run
        );
    ELSE
        CALL `{{ project }}`.`{{ dataset }}`.raise_alert(
            'INFO',
            'Daily automation success',
            'run_daily_automation',
            FORMAT('%d creators analysed, %d requests queued for %t', outcome.processed, queued, run_date),
            JSON_OBJECT('processed', outcome.processed, 'queued', queued),
            run
        );
    END IF;

    IF TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), started, SECOND) > {{ thresholds.daily_run_slow_minutes * 60 }} THEN
        CALL `{{ project }}`.`{{ dataset }}`.raise_alert(
            'WARNING',
            'Slow automation execution',
            'run_daily_automation',
            FORMAT(
                'the run of %t took %d seconds; the limit is {{ thresholds.daily_run_slow_minutes }} minutes',
                run_date,
                TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), started, SECOND)
            ),
            NULL,
            run
        );
    END IF;
END;
