CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.record_query_costs()
OPTIONS (
    description = 'Writes cost and latency of the last three complete hours, and of those before that have no row yet, into cost_monitoring, by statement type, and the bytes billed of runs into etl_job_runs, and publishes its figures. Safe to repeat; a start while another run is at work does nothing. Raises alerts on the cost of the day and on jobs near the cap of bytes billed.'
)
BEGIN
    DECLARE run STRING DEFAULT GENERATE_UUID();
    DECLARE started TIMESTAMP DEFAULT CURRENT_TIMESTAMP();
    -- Three hours: a job is in the history when it ends, and one run of this may be missed.
    DECLARE last_end TIMESTAMP DEFAULT TIMESTAMP_TRUNC(started, HOUR);
    DECLARE first_start TIMESTAMP DEFAULT TIMESTAMP_SUB(TIMESTAMP_TRUNC(started, HOUR), INTERVAL 3 HOUR);
    DECLARE today_start TIMESTAMP DEFAULT TIMESTAMP(CURRENT_DATE('{{ time_zone }}'), '{{ time_zone }}');
    DECLARE daily_cost FLOAT64;
    DECLARE largest_job INT64;
    DECLARE billed_runs ARRAY<STRUCT<run_id STRING, bytes_billed INT64>>;
    DECLARE written INT64 DEFAULT 0;
    DECLARE is_open BOOL;
    DECLARE is_changed BOOL DEFAULT FALSE;
    DECLARE waited_seconds FLOAT64 DEFAULT 0;
    DECLARE failure STRING;

    SET @@query_label = CONCAT('component:record_query_costs,{{ job_labels }},eros_run:', run);

    BEGIN
        CALL `{{ project }}`.`{{ dataset }}`.start_job_run(
            run,
            'record_query_costs',
            DATE(started, '{{ time_zone }}'),
            {{ limits.query_timeout_seconds + limits.stop_within_seconds }},
            is_open
        );
        IF NOT is_open THEN
            -- The same run was started twice and the other one is at work.
            RETURN;
        END IF;

        -- However long this stood still: from the end of the newest hour that is written, within
        -- the 30 days that query_jobs has.
        SET first_start = LEAST(
            first_start,
            GREATEST(
                COALESCE(
                    (
                        SELECT MAX(window_end)
                        FROM `{{ project }}`.`{{ dataset }}`.cost_monitoring
                        WHERE window_start >= TIMESTAMP_SUB(last_end, INTERVAL 30 DAY)
                    ),
                    TIMESTAMP_SUB(last_end, INTERVAL 720 HOUR)
                ),
                TIMESTAMP_SUB(last_end, INTERVAL 720 HOUR)
            )
        );

        -- The hours of the window become what the job history says, in one statement.
        MERGE INTO `{{ project }}`.`{{ dataset }}`.cost_monitoring AS written_hours
        USING (
            SELECT
                window_start,
                statement_type,
                TIMESTAMP_ADD(window_start, INTERVAL 1 HOUR) AS window_end,
                COUNT(*) AS query_count,
                SUM(bytes_processed) AS bytes_processed,
                SUM(bytes_billed) AS bytes_billed,
                SUM(bytes_billed) / POW(2, 40) * {{ prices.query_usd_per_tib }} AS estimated_cost_usd,
                APPROX_QUANTILES(duration_ms, 100)[SAFE_OFFSET(50)] AS p50_ms,
                APPROX_QUANTILES(duration_ms, 100)[SAFE_OFFSET(95)] AS p95_ms,
                APPROX_QUANTILES(duration_ms, 100)[SAFE_OFFSET(99)] AS p99_ms
            FROM (
                SELECT
                    *,
                    TIMESTAMP_TRUNC(creation_time, HOUR) AS window_start
                FROM `{{ project }}`.`{{ dataset }}`.query_jobs
                WHERE
                    creation_time >= first_start
                    AND creation_time < last_end
            )
            GROUP BY
                window_start,
                statement_type
        ) AS hours
            ON
                written_hours.window_start = hours.window_start
                AND written_hours.statement_type = hours.statement_type
                AND written_hours.window_start >= first_start
        WHEN MATCHED THEN
            UPDATE SET
                query_count = hours.query_count,
                bytes_processed = hours.bytes_processed,
                bytes_billed = hours.bytes_billed,
                estimated_cost_usd = hours.estimated_cost_usd,
                p50_ms = hours.p50_ms,
                p95_ms = hours.p95_ms,
                p99_ms = hours.p99_ms
        WHEN NOT MATCHED THEN
            INSERT (
                window_start,
                window_end,
                statement_type,
                query_count,
                bytes_processed,
                bytes_billed,
                estimated_cost_usd,
                p50_ms,
                p95_ms,
                p99_ms
            )
            VALUES (
                hours.window_start,
                hours.window_end,
                hours.statement_type,
                hours.query_count,
                hours.bytes_processed,
                hours.bytes_billed,
                hours.estimated_cost_usd,
                hours.p50_ms,
                hours.p95_ms,
                hours.p99_ms
            );
        SET written = @@row_count;

        -- One look at the jobs of a day; procedures label their statements with their run.
        SET (daily_cost, largest_job, billed_runs) = (
            WITH jobs AS (
                SELECT
                    creation_time,
                    bytes_billed,
                    labels
                FROM `{{ project }}`.`{{ dataset }}`.query_jobs
                WHERE creation_time >= LEAST(today_start, TIMESTAMP_SUB(started, INTERVAL 1 DAY))
            )

            SELECT AS STRUCT
                (
                    SELECT COALESCE(SUM(jobs.bytes_billed), 0) / POW(2, 40) * {{ prices.query_usd_per_tib }}
                    FROM jobs
                    WHERE jobs.creation_time >= today_start
                ),
                (
                    SELECT COALESCE(MAX(jobs.bytes_billed), 0)
                    FROM jobs
                    WHERE jobs.creation_time >= TIMESTAMP_SUB(started, INTERVAL 1 HOUR)
                ),
                ARRAY(
                    SELECT AS STRUCT
                        label.value AS run_id,
                        CAST(SUM(jobs.bytes_billed) AS INT64) AS bytes_billed
                    FROM jobs
                    CROSS JOIN UNNEST(jobs.labels) AS label
                    WHERE
                        jobs.creation_time >= TIMESTAMP_SUB(started, INTERVAL 1 DAY)
                        AND label.key = 'eros_run'
                    GROUP BY label.value
                )
        );

        WHILE NOT is_changed DO
            BEGIN
                UPDATE `{{ project }}`.`{{ dataset }}`.etl_job_runs AS runs
                SET bytes_billed = billed.bytes_billed
                FROM (
                    SELECT
                        run_id,
                        MAX(bytes_billed) AS bytes_billed
                    FROM UNNEST(billed_runs)
                    GROUP BY run_id
                ) AS billed
                WHERE
                    runs.run_id = billed.run_id
                    AND runs.job_start_time >= TIMESTAMP_SUB(started, INTERVAL 1 DAY)
                    AND COALESCE(runs.bytes_billed, -1) != billed.bytes_billed;
                SET is_changed = TRUE;
            EXCEPTION WHEN ERROR THEN
                IF waited_seconds >= {{ automation.lock_wait_seconds }} THEN
                    RAISE;
                END IF;
                CALL `{{ project }}`.`{{ dataset }}`.pause_before_retry(waited_seconds);
            END;
        END WHILE;

        -- Once a day: the cost of a day only grows. One condition would read the table each time.
        -- cost: 1 of 100
        IF daily_cost > {{ thresholds.daily_cost_warning_usd }} THEN
            IF NOT EXISTS (
                SELECT 1
                FROM `{{ project }}`.`{{ dataset }}`.automation_alerts
                WHERE
                    alert_name = 'Cost spike'
                    AND alert_time >= today_start
            ) THEN
                CALL `{{ project }}`.`{{ dataset }}`.raise_alert(
                    'WARNING',
                    'Cost spike',
                    'record_query_costs',
                    FORMAT('queries of today cost %.2f US dollars; the limit is {{ thresholds.daily_cost_warning_usd }}', daily_cost),
                    JSON_OBJECT('daily_cost_usd', daily_cost),
                    run
                );
            END IF;
        END IF;

        -- What is over the cap is refused or stopped, so its growth must be seen before.
        IF largest_job > 0.8 * {{ limits.maximum_bytes_billed }} THEN
            CALL `{{ project }}`.`{{ dataset }}`.raise_alert(
                'WARNING',
                'Byte limit near',
                'record_query_costs',
                FORMAT('a statement billed %d bytes; a scheduled run with one over {{ limits.maximum_bytes_billed }} is stopped', largest_job),
                JSON_OBJECT('bytes_billed', largest_job, 'limit', {{ limits.maximum_bytes_billed }}),
                run
            );
        END IF;

        -- What alert rules judge of the costs, so that they need not read these tables every five
        -- minutes. The usual is the mean of the seven business days before this one.
        INSERT INTO `{{ project }}`.`{{ dataset }}`.stored_figures (figure_time, figure, value)
        SELECT
            CURRENT_TIMESTAMP(),
            counted.figure,
            counted.value
        FROM (
            SELECT
                'usual_daily_cost_usd' AS figure,
                AVG(day_usd) AS value
            FROM (
                SELECT SUM(estimated_cost_usd) AS day_usd
                FROM `{{ project }}`.`{{ dataset }}`.cost_monitoring
                WHERE
                    window_start >= TIMESTAMP(DATE_SUB(CURRENT_DATE('{{ time_zone }}'), INTERVAL 7 DAY), '{{ time_zone }}')
                    AND window_start < today_start
                GROUP BY DATE(window_start, '{{ time_zone }}')
            )
            UNION ALL
            SELECT
                'jobs_near_byte_limit',
                CAST(COUNT(*) AS FLOAT64)
            FROM `{{ project }}`.`{{ dataset }}`.automation_alerts
            WHERE
                alert_name = 'Byte limit near'
                AND alert_time >= TIMESTAMP_SUB(started, INTERVAL 2 HOUR)
        ) AS counted
        WHERE counted.value IS NOT NULL;

        CALL `{{ project }}`.`{{ dataset }}`.publish_figures('record_query_costs');
        CALL `{{ project }}`.`{{ dataset }}`.finish_job_run(run, 'SUCCESS', written, NULL);
    EXCEPTION WHEN ERROR THEN
        SET failure = @@error.message;
        -- One that passes by itself is tried again, and reported by who tries (prepare_retry).
        IF NOT `{{ project }}`.`{{ dataset }}`.is_transient_error(failure) THEN
            CALL `{{ project }}`.`{{ dataset }}`.raise_alert(
                'WARNING',
                'Cost monitoring failed',
                'record_query_costs',
                failure,
                NULL,
                run
            );
        END IF;
        CALL `{{ project }}`.`{{ dataset }}`.finish_job_run(run, 'FAILED', 0, failure);
        RAISE USING MESSAGE = failure;
    END;
END;
