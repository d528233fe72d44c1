CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.run_daily_automation(execution_date DATE)
OPTIONS (
    description = 'Analyses every active creator and queues a schedule request for each page below {{ automation.saturation_limit_pct }} percent saturation. The date is today in {{ time_zone }}, or yesterday. A second run of a day that succeeded changes nothing, unless the first found no creator. The circuit breaker opens at {{ automation.breaker_failures }} creators in a row that fail.'
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
    DECLARE outcome STRUCT<total INT64, processed INT64, failed INT64, skipped INT64, breaker_open BOOL, last_errors STRING>;
    DECLARE queued INT64 DEFAULT 0;
    DECLARE final_status STRING;

    SET @@query_label = CONCAT('component:run_daily_automation,{{ job_labels }},eros_run:', run);

    -- A day to come would be marked as done before it begins, a day gone by cannot be
    -- planned any more. Yesterday is for a run that is repeated after midnight.
    IF run_date IS NULL OR run_date NOT BETWEEN DATE_SUB(today, INTERVAL 1 DAY) AND today THEN
        RAISE USING MESSAGE = FORMAT(
            'execution_date must be %t or %t, the day in {{ time_zone }}, but is %t',
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
            {{ limits.daily_run_timeout_seconds }},
            is_open
        );
        IF NOT is_open THEN
            -- The same run was started twice and the other one is at work.
            RETURN;
        END IF;

        CREATE OR REPLACE TEMP TABLE analysis (
            page_name STRING,
            saturation_pct FLOAT64,
            error_message STRING,
            statement_text STRING
        );
        BEGIN
            INSERT INTO analysis (
                page_name,
                saturation_pct,
                error_message
            )
            SELECT
                page_name,
                saturation_pct,
                analysis_error
            FROM `{{ project }}`.`{{ dataset }}`.analyze_creator_performance(NULL, run_date);
        EXCEPTION WHEN ERROR THEN
            -- The data of one creator stopped the statement over all of them: find it by
            -- looking at each on its own. Only here, since one statement for each of 500
            -- creators takes minutes.
            FOR creator IN (
                SELECT page_name
                FROM `{{ project }}`.`{{ dataset }}`.account_sizes(NULL, run_date)
                ORDER BY page_name
            ) DO
                BEGIN
                    INSERT INTO analysis (
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
                    INSERT INTO analysis (
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
                IF failures_in_a_row >= {{ automation.breaker_failures }} THEN
                    INSERT INTO analysis (page_name)
                    SELECT page_name
                    FROM `{{ project }}`.`{{ dataset }}`.account_sizes(NULL, run_date)
                    WHERE page_name > creator.page_name;
                    LEAVE;
                END IF;
            END FOR;
        END;

        -- The breaker opens at the first creator, in order of name, that ends a row of
        -- failures; creators behind it are skipped and get no request.
        CREATE OR REPLACE TEMP TABLE verdicts AS
        WITH numbered AS (
            SELECT
                *,
                ROW_NUMBER() OVER (ORDER BY page_name) AS place,
                IF(error_message IS NULL AND saturation_pct IS NOT NULL, 0, 1) AS failed
            FROM analysis
        ),

        rows_of_failures AS (
            SELECT
                *,
                SUM(failed) OVER (
                    ORDER BY place
                    ROWS BETWEEN {{ automation.breaker_failures - 1 }} PRECEDING AND CURRENT ROW
                ) AS failed_in_a_row
            FROM numbered
        ),

        breaker AS (
            SELECT MIN(place) AS opened_at
            FROM rows_of_failures
            WHERE failed_in_a_row >= {{ automation.breaker_failures }}
        )

        SELECT
            rows_of_failures.page_name,
            rows_of_failures.saturation_pct,
            rows_of_failures.statement_text,
            breaker.opened_at IS NOT NULL AS breaker_open,
            COALESCE(rows_of_failures.error_message, 'the saturation could not be computed') AS error_message,
            CASE
                WHEN rows_of_failures.place > breaker.opened_at THEN 'SKIPPED'
                WHEN rows_of_failures.failed = 1 THEN 'FAILED'
                ELSE 'PROCESSED'
            END AS verdict
        FROM rows_of_failures
        CROSS JOIN breaker;

        SET outcome = (
            SELECT AS STRUCT
                COUNT(*) AS total,
                COUNTIF(verdict = 'PROCESSED') AS processed,
                COUNTIF(verdict = 'FAILED') AS failed,
                COUNTIF(verdict = 'SKIPPED') AS skipped,
                COALESCE(LOGICAL_OR(breaker_open), FALSE) AS breaker_open,
                STRING_AGG(
                    IF(verdict = 'FAILED', CONCAT(page_name, ': ', error_message), NULL),
                    '; '
                    ORDER BY page_name DESC
                    LIMIT {{ automation.breaker_failures }}
                ) AS last_errors
            FROM verdicts
        );
        SET final_status = CASE
            WHEN outcome.breaker_open THEN 'CIRCUIT_OPEN'
            WHEN outcome.failed > 0 AND outcome.processed = 0 THEN 'FAILED'
            WHEN outcome.failed > 0 THEN 'PARTIAL'
            ELSE 'SUCCESS'
        END;

        -- All results at once or none, so that a run that dies halfway can be repeated.
        -- Inserts only: BigQuery aborts a transaction whose updates meet those of others.
        BEGIN TRANSACTION;
        BEGIN
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
                IF(verdict = 'FAILED', error_message, 'not analysed: the circuit breaker was open'),
                statement_text,
                CURRENT_TIMESTAMP()
            FROM verdicts
            WHERE verdict != 'PROCESSED';

            -- A request that is there already keeps its state, whatever it is.
            INSERT INTO `{{ project }}`.`{{ dataset }}`.schedule_generation_queue (
                page_name,
                execution_date,
                status,
                saturation_pct,
                created_at,
                attempts,
                run_id
            )
            SELECT
                verdicts.page_name,
                run_date,
                'PENDING',
                verdicts.saturation_pct,
                CURRENT_TIMESTAMP(),
                0,
                run
            FROM verdicts
            LEFT JOIN (
                SELECT page_name
                FROM `{{ project }}`.`{{ dataset }}`.schedule_generation_queue AS queue
                WHERE queue.execution_date = run_date
            ) AS requested
                ON verdicts.page_name = requested.page_name
            WHERE
                verdicts.verdict = 'PROCESSED'
                AND verdicts.saturation_pct < {{ automation.saturation_limit_pct }}
                AND requested.page_name IS NULL;
            SET queued = @@row_count;
            COMMIT TRANSACTION;
        EXCEPTION WHEN ERROR THEN
            BEGIN
                ROLLBACK TRANSACTION;
            EXCEPTION WHEN ERROR THEN
                -- It is over already; the first error is the one to tell.
                SET queued = 0;
            END;
            RAISE;
        END;
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
        CALL `{{ project }}`.`{{ dataset }}`.raise_alert(
            'CRITICAL',
            'Daily automation failure',
            'run_daily_automation',
            failure,
            NULL,
            run
        );
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
