CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.stop_overdue_runs()
OPTIONS (
    description = 'Cancels scheduled runs of this dataset that are at work for longer than the limit of their schedule, or one of whose statements billed more than {{ limits.maximum_bytes_billed }} bytes. Each gets a row with status FAILED in etl_job_runs and an alert in the outbox. A run keeps the lease of its job until the lease ends, because BigQuery takes a while to cancel. Counts the queries for the health check on the way, since it reads the job history.'
)
BEGIN
    DECLARE looked_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP();
    DECLARE queries JSON;
    DECLARE suspects ARRAY<STRUCT<top_job STRING, started TIMESTAMP, largest INT64>>;
    DECLARE overdue ARRAY<STRUCT<job_id STRING, schedule STRING, started TIMESTAMP, reason STRING>> DEFAULT [];

    SET @@query_label = 'component:stop_overdue_runs,{{ job_labels }}';

    -- One statement, so that the job history is billed once. Anything at work for longer than the
    -- shortest limit may be a run of ours.
    SET (queries, suspects) = (
        SELECT AS STRUCT
            (
                SELECT TO_JSON(counted)
                FROM `{{ project }}`.`{{ dataset }}`.query_figures(looked_at) AS counted
            ),
            ARRAY(
                SELECT AS STRUCT
                    found.top_job,
                    found.started,
                    found.largest
                FROM (
                    SELECT
                        COALESCE(parent_job_id, job_id) AS top_job,
                        MAX(IF(parent_job_id IS NULL, start_time, NULL)) AS started,
                        MAX(IF(parent_job_id IS NULL, 0, total_bytes_billed)) AS largest
                    FROM {{ jobs_view }}
                    WHERE
                        creation_time >= TIMESTAMP_SUB(looked_at, INTERVAL 1 DAY)
                        AND job_type = 'QUERY'
                        AND (
                            (parent_job_id IS NULL AND state = 'RUNNING')
                            OR (parent_job_id IS NOT NULL AND total_bytes_billed > {{ limits.maximum_bytes_billed }})
                        )
                    GROUP BY top_job
                ) AS found
                WHERE
                    found.top_job != @@script.job_id
                    AND found.started IS NOT NULL
                    AND (
                        found.largest > {{ limits.maximum_bytes_billed }}
                        OR found.started < TIMESTAMP_SUB(
                            looked_at,
                            INTERVAL (SELECT MIN(declared.seconds) FROM UNNEST([{{ schedule_limits }}]) AS declared) SECOND
                        )
                    )
            )
    );

    -- A scheduled query's own text says what it is: Google labels its job only as a scheduled
    -- query's, and its statements have no job before they start. Texts are long, so they are read
    -- where there is somebody to ask about.
    -- cost: 1 of 20
    IF ARRAY_LENGTH(suspects) > 0 THEN
        SET overdue = ARRAY(
            SELECT AS STRUCT
                suspect.top_job AS job_id,
                declared.name AS schedule,
                suspect.started,
                IF(
                    suspect.largest > {{ limits.maximum_bytes_billed }},
                    FORMAT('stopped: a statement billed %d bytes; the limit is {{ limits.maximum_bytes_billed }}', suspect.largest),
                    FORMAT(
                        'stopped: at work for %d seconds; the limit is %d',
                        TIMESTAMP_DIFF(looked_at, suspect.started, SECOND),
                        declared.seconds
                    )
                ) AS reason
            FROM {{ jobs_view }} AS scripts
            INNER JOIN UNNEST(suspects) AS suspect
                ON scripts.job_id = suspect.top_job
            INNER JOIN UNNEST([{{ schedule_limits }}]) AS declared
                ON
                    STRPOS(scripts.query, CONCAT("'component:", declared.name, ',')) > 0
                    AND STRPOS(scripts.query, '`{{ project }}`.`{{ dataset }}`.') > 0
            WHERE
                scripts.creation_time >= TIMESTAMP_SUB(looked_at, INTERVAL 1 DAY)
                AND (
                    suspect.largest > {{ limits.maximum_bytes_billed }}
                    OR suspect.started < TIMESTAMP_SUB(looked_at, INTERVAL declared.seconds SECOND)
                )
        );
    END IF;

    -- cost: 1 of 1000
    FOR run IN (SELECT * FROM UNNEST(overdue)) DO
        BEGIN
            DECLARE failure STRING;
            DECLARE is_recorded BOOL DEFAULT FALSE;
            DECLARE waited_seconds FLOAT64 DEFAULT 0;

            BEGIN
                CALL BQ.JOBS.CANCEL(run.job_id);
            EXCEPTION WHEN ERROR THEN
                -- The next look tries again, unless the run has ended.
                SET failure = @@error.message;
            END;

            WHILE NOT is_recorded DO
                BEGIN
                    -- A run that is cancelled cannot close its row itself.
                    UPDATE `{{ project }}`.`{{ dataset }}`.etl_job_runs
                    SET
                        status = 'FAILED',
                        job_end_time = CURRENT_TIMESTAMP(),
                        duration_seconds = TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), job_start_time, MILLISECOND) / 1000,
                        error_message = run.reason
                    WHERE
                        job_name = run.schedule
                        AND status = 'RUNNING'
                        AND job_start_time >= run.started;
                    IF @@row_count = 0 THEN
                        INSERT INTO `{{ project }}`.`{{ dataset }}`.etl_job_runs (
                            run_id,
                            job_name,
                            job_start_time,
                            job_end_time,
                            duration_seconds,
                            status,
                            error_message
                        )
                        SELECT
                            run.job_id,
                            run.schedule,
                            run.started,
                            CURRENT_TIMESTAMP(),
                            TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), run.started, MILLISECOND) / 1000,
                            'FAILED',
                            run.reason
                        FROM UNNEST([1])
                        WHERE NOT EXISTS (
                            SELECT 1
                            FROM `{{ project }}`.`{{ dataset }}`.etl_job_runs AS known
                            WHERE
                                known.job_name = run.schedule
                                AND known.job_start_time >= run.started
                                AND (known.run_id = run.job_id OR STARTS_WITH(known.error_message, 'stopped: '))
                        );
                    END IF;
                    SET is_recorded = TRUE;
                EXCEPTION WHEN ERROR THEN
                    IF waited_seconds >= {{ automation.lock_wait_seconds }} THEN
                        RAISE;
                    END IF;
                    CALL `{{ project }}`.`{{ dataset }}`.pause_before_retry(waited_seconds);
                END;
            END WHILE;

            -- Once a run, though it is looked at again until it has ended.
            IF NOT EXISTS (
                SELECT 1
                FROM `{{ project }}`.`{{ dataset }}`.automation_alerts
                WHERE
                    alert_name = 'Scheduled run stopped'
                    AND run_id = run.job_id
                    AND alert_time >= run.started
            ) THEN
                CALL `{{ project }}`.`{{ dataset }}`.raise_alert(
                    'WARNING',
                    'Scheduled run stopped',
                    run.schedule,
                    CONCAT(run.reason, COALESCE(CONCAT('; BigQuery refuses to cancel it: ', failure), '')),
                    JSON_OBJECT('job', run.job_id),
                    run.job_id
                );
            END IF;
        END;
    END FOR;

    -- After the stopping, which must not wait. Where this fails the health check counts itself.
    INSERT INTO `{{ project }}`.`{{ dataset }}`.stored_figures (
        figure_time,
        figure,
        value,
        details
    )
    VALUES (looked_at, 'queries', COALESCE(CAST(JSON_VALUE(queries, '$.total_queries') AS FLOAT64), 0), queries);
END;
