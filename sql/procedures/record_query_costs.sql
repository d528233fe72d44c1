CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.record_query_costs()
OPTIONS (
    description = 'Writes cost and latency of the last three complete hours, and of every hour since the first one written that has no row yet, into cost_monitoring, by statement type, and the bytes billed of runs into etl_job_runs, and publishes its figures. An hour without a query gets a row of the type NONE. Safe to repeat; a start while another run is at work does nothing. Raises alerts on the cost of the day and on jobs near the cap of bytes billed.'
)
BEGIN
    DECLARE run STRING DEFAULT GENERATE_UUID();
    DECLARE started TIMESTAMP DEFAULT CURRENT_TIMESTAMP();
    -- Three hours: a job is in the history when it ends, and one run of this may be missed.
    DECLARE last_end TIMESTAMP DEFAULT TIMESTAMP_TRUNC(started, HOUR);
    DECLARE first_start TIMESTAMP DEFAULT TIMESTAMP_SUB(TIMESTAMP_TRUNC(started, HOUR), INTERVAL 3 HOUR);
    DECLARE next_end TIMESTAMP;
    -- BigQuery keeps 180 days of jobs, this table {{ retention.log_days }}: an older row would be gone at once.
    DECLARE horizon TIMESTAMP DEFAULT TIMESTAMP_SUB(TIMESTAMP_TRUNC(started, DAY), INTERVAL {{ [retention.log_days, 180] | min - 1 }} DAY);
    DECLARE is_new BOOL;
    DECLARE known_hours ARRAY<TIMESTAMP>;
    DECLARE today_start TIMESTAMP DEFAULT TIMESTAMP(CURRENT_DATE('{{ time_zone }}'), '{{ time_zone }}');
    DECLARE daily_cost FLOAT64;
    DECLARE largest_job INT64;
    DECLARE jobs_near_limit INT64;
    DECLARE hours ARRAY<STRUCT<
        window_start TIMESTAMP,
        statement_type STRING,
        query_count INT64,
        bytes_processed INT64,
        bytes_billed INT64,
        p50_ms INT64,
        p95_ms INT64,
        p99_ms INT64
    >>;
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

        -- However long this stood still: from the oldest hour without a row on.
        SET (is_new, known_hours, first_start) = (
            WITH written_hours AS (
                SELECT
                    window_start,
                    LOGICAL_OR(statement_type != 'NONE') AS has_queries
                FROM `{{ project }}`.`{{ dataset }}`.cost_monitoring
                WHERE window_start >= horizon
                GROUP BY window_start
            )

            SELECT AS STRUCT
                (SELECT COUNT(*) = 0 FROM written_hours),
                ARRAY(
                    SELECT window_start
                    FROM written_hours
                    WHERE has_queries
                ),
                LEAST(first_start, COALESCE(MIN(missing_hour), first_start))
            FROM
                UNNEST(GENERATE_TIMESTAMP_ARRAY(
                    COALESCE((SELECT MIN(window_start) FROM written_hours), horizon),
                    TIMESTAMP_SUB(last_end, INTERVAL 1 HOUR),
                    INTERVAL 1 HOUR
                )) AS missing_hour
            WHERE missing_hour NOT IN (SELECT window_start FROM written_hours)
        );

        -- Mostly once. Two weeks at a time, since a variable holds no more than 1 MiB.
        WHILE first_start < last_end DO
            SET next_end = LEAST(TIMESTAMP_ADD(first_start, INTERVAL 336 HOUR), last_end);

            -- One look at the jobs: of the hours and, for the rest of this run, of a day.
            -- Procedures label their statements with their run.
            SET (hours, daily_cost, largest_job, jobs_near_limit, billed_runs) = (
                WITH jobs AS (
                    SELECT
                        creation_time,
                        statement_type,
                        bytes_processed,
                        bytes_billed,
                        duration_ms,
                        labels,
                        TIMESTAMP_TRUNC(creation_time, HOUR) AS window_start
                    FROM `{{ project }}`.`{{ dataset }}`.query_jobs
                    WHERE
                        creation_time >= LEAST(first_start, today_start, TIMESTAMP_SUB(started, INTERVAL 1 DAY))
                        AND (
                            creation_time < next_end
                            OR creation_time >= LEAST(today_start, TIMESTAMP_SUB(started, INTERVAL 1 DAY))
                        )
                )

                SELECT AS STRUCT
                    ARRAY(
                        SELECT AS STRUCT
                            jobs.window_start,
                            jobs.statement_type,
                            COUNT(*) AS query_count,
                            SUM(jobs.bytes_processed) AS bytes_processed,
                            SUM(jobs.bytes_billed) AS bytes_billed,
                            APPROX_QUANTILES(jobs.duration_ms, 100)[SAFE_OFFSET(50)] AS p50_ms,
                            APPROX_QUANTILES(jobs.duration_ms, 100)[SAFE_OFFSET(95)] AS p95_ms,
                            APPROX_QUANTILES(jobs.duration_ms, 100)[SAFE_OFFSET(99)] AS p99_ms
                        FROM jobs
                        WHERE
                            jobs.creation_time >= first_start
                            AND jobs.creation_time < next_end
                        GROUP BY
                            jobs.window_start,
                            jobs.statement_type
                    ),
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
                    (
                        SELECT COUNT(*)
                        FROM jobs
                        WHERE
                            jobs.creation_time >= TIMESTAMP_SUB(started, INTERVAL 2 HOUR)
                            AND jobs.bytes_billed > 0.8 * {{ limits.maximum_bytes_billed }}
                    ),
                    ARRAY(
                        SELECT AS STRUCT
                            label.value AS run_id,
                            SUM(jobs.bytes_billed) AS bytes_billed
                        FROM jobs
                        CROSS JOIN UNNEST(jobs.labels) AS label
                        WHERE
                            jobs.creation_time >= TIMESTAMP_SUB(started, INTERVAL 1 DAY)
                            AND label.key = 'eros_run'
                        GROUP BY label.value
                    )
            );

            -- The hours become what the job history says, in one statement. Before the first row
            -- of all there is no hour that lacks one.
            MERGE INTO `{{ project }}`.`{{ dataset }}`.cost_monitoring AS written_hours
            USING (
                SELECT
                    window_start,
                    statement_type,
                    SUM(query_count) AS query_count,
                    SUM(bytes_processed) AS bytes_processed,
                    SUM(bytes_billed) AS bytes_billed,
                    MAX(p50_ms) AS p50_ms,
                    MAX(p95_ms) AS p95_ms,
                    MAX(p99_ms) AS p99_ms
                FROM (
                    SELECT *
                    FROM UNNEST(hours)
                    UNION ALL
                    SELECT
                        quiet_hour,
                        'NONE',
                        0,
                        0,
                        0,
                        NULL,
                        NULL,
                        NULL
                    FROM
                        UNNEST(GENERATE_TIMESTAMP_ARRAY(
                            IF(is_new, (SELECT MIN(window_start) FROM UNNEST(hours)), first_start),
                            TIMESTAMP_SUB(next_end, INTERVAL 1 HOUR),
                            INTERVAL 1 HOUR
                        )) AS quiet_hour
                    WHERE
                        quiet_hour NOT IN (SELECT window_start FROM UNNEST(hours))
                        AND quiet_hour NOT IN UNNEST(known_hours)
                )
                GROUP BY
                    window_start,
                    statement_type
            ) AS found
                ON
                    written_hours.window_start = found.window_start
                    AND written_hours.statement_type = found.statement_type
                    AND written_hours.window_start >= first_start
            WHEN MATCHED THEN
                UPDATE SET
                    query_count = found.query_count,
                    bytes_processed = found.bytes_processed,
                    bytes_billed = found.bytes_billed,
                    estimated_cost_usd = found.bytes_billed / POW(2, 40) * {{ prices.query_usd_per_tib }},
                    p50_ms = found.p50_ms,
                    p95_ms = found.p95_ms,
                    p99_ms = found.p99_ms
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
                    found.window_start,
                    TIMESTAMP_ADD(found.window_start, INTERVAL 1 HOUR),
                    found.statement_type,
                    found.query_count,
                    found.bytes_processed,
                    found.bytes_billed,
                    found.bytes_billed / POW(2, 40) * {{ prices.query_usd_per_tib }},
                    found.p50_ms,
                    found.p95_ms,
                    found.p99_ms
                )
            -- A query of the hour that took longer than it has ended meanwhile.
            WHEN NOT MATCHED BY SOURCE AND written_hours.window_start >= first_start AND written_hours.window_start < next_end AND written_hours.statement_type = 'NONE' THEN
                DELETE;
            SET written = written + @@row_count;
            SET is_new = is_new AND ARRAY_LENGTH(hours) = 0;
            SET first_start = next_end;
        END WHILE;

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

        -- What alert rules judge of the costs, so that they need not read these tables. The usual is
        -- the mean of the seven business days before this one; a day on which nothing ran is none.
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
                    AND query_count > 0
                GROUP BY DATE(window_start, '{{ time_zone }}')
            )
            UNION ALL
            SELECT
                'jobs_near_byte_limit',
                CAST(jobs_near_limit AS FLOAT64)
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
