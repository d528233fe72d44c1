CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.record_health_check()
OPTIONS (
    description = 'Appends the health of this moment to health_checks and publishes its figures. Takes what stop_overdue_runs has counted of the queries, counts the work every 15 minutes, the rest every hour, and carries over what it does not count; one that comes within 4 minutes of another was asked for by somebody and counts all. Raises an alert when the status turns CRITICAL, and has the alert rules judged then, and while errors use up their budget. Whatever stops the check is itself recorded as CRITICAL.'
)
BEGIN
    DECLARE started TIMESTAMP DEFAULT CURRENT_TIMESTAMP();
    DECLARE earlier STRUCT<checked_at TIMESTAMP, checked JSON, queries JSON>;
    -- Tables are read into these once: each table that a statement names is billed at the least.
    DECLARE queries JSON;
    DECLARE work JSON;
    DECLARE upkeep JSON;
    DECLARE stored JSON;
    DECLARE figures JSON;
    DECLARE is_asked_for BOOL;
    DECLARE is_bank_due BOOL;
    DECLARE is_upkeep_due BOOL;
    DECLARE is_urgent BOOL;
    DECLARE new_status STRING DEFAULT 'CRITICAL';
    DECLARE new_score INT64 DEFAULT 0;
    DECLARE failure STRING;

    SET @@query_label = 'component:record_health_check,{{ job_labels }}';

    BEGIN
        -- What the checks before this one hand on lies beside the stored figures, not in
        -- health_checks, so that one table is read.
        SET (earlier, stored) = (
            SELECT AS STRUCT
                (
                    SELECT AS STRUCT
                        MAX(IF(figure = 'health_check', figure_time, NULL)) AS checked_at,
                        MAX_BY(details, IF(figure = 'health_check', figure_time, NULL)) AS checked,
                        MAX_BY(details, IF(figure = 'queries', figure_time, NULL)) AS queries
                    FROM `{{ project }}`.`{{ dataset }}`.stored_figures
                    WHERE figure_time >= TIMESTAMP_SUB(started, INTERVAL 1 DAY)
                ),
                (
                    SELECT TO_JSON(found)
                    FROM `{{ project }}`.`{{ dataset }}`.stored_readings(started) AS found
                )
        );
        SET is_asked_for = COALESCE(earlier.checked_at > TIMESTAMP_SUB(started, INTERVAL 4 MINUTE), FALSE);
        SET queries = JSON_QUERY(earlier.queries, '$');
        SET work = JSON_QUERY(earlier.checked, '$.work');
        SET upkeep = JSON_QUERY(earlier.checked, '$.upkeep');
        -- The limits of the runs are looked at every five minutes. Where that has failed twice, the
        -- queries are counted here.
        -- cost: 1 of 100
        IF is_asked_for OR COALESCE(TIMESTAMP(JSON_VALUE(queries, '$.counted_at')) < TIMESTAMP_SUB(started, INTERVAL 9 MINUTE), TRUE) THEN
            SET queries = (
                SELECT TO_JSON(found)
                FROM `{{ project }}`.`{{ dataset }}`.query_figures(started) AS found
            );
        END IF;
        -- cost: 1 of 3
        IF is_asked_for OR COALESCE(TIMESTAMP(JSON_VALUE(work, '$.counted_at')) < TIMESTAMP_SUB(started, INTERVAL 14 MINUTE), TRUE) THEN
            SET work = (
                SELECT TO_JSON(found)
                FROM `{{ project }}`.`{{ dataset }}`.work_figures(started) AS found
            );
        END IF;
        -- An empty library is looked at each time: it fills all at once.
        SET is_bank_due = (
            COALESCE(TIMESTAMP(JSON_VALUE(stored, '$.captions_counted_at')) < TIMESTAMP_SUB(started, INTERVAL 58 MINUTE), TRUE)
            OR COALESCE(CAST(JSON_VALUE(stored, '$.active_captions') AS FLOAT64), 0) = 0
        );
        SET is_upkeep_due = COALESCE(TIMESTAMP(JSON_VALUE(upkeep, '$.counted_at')) < TIMESTAMP_SUB(started, INTERVAL 58 MINUTE), TRUE);
        -- cost: 1 of 12
        IF is_asked_for OR is_bank_due OR is_upkeep_due THEN
            IF is_bank_due THEN
                CALL `{{ project }}`.`{{ dataset }}`.count_active_captions();
            END IF;
            -- cost: 1 of {{ automation.integrity_hours }}
            IF COALESCE(
                TIMESTAMP(JSON_VALUE(stored, '$.integrity_counted_at')) < TIMESTAMP_SUB(started, INTERVAL {{ automation.integrity_hours }} HOUR),
                TRUE
            ) THEN
                CALL `{{ project }}`.`{{ dataset }}`.count_integrity_violations();
            END IF;
            SET (upkeep, stored) = (
                SELECT AS STRUCT
                    (
                        SELECT TO_JSON(found)
                        FROM `{{ project }}`.`{{ dataset }}`.upkeep_figures(started) AS found
                    ),
                    (
                        SELECT TO_JSON(found)
                        FROM `{{ project }}`.`{{ dataset }}`.stored_readings(CURRENT_TIMESTAMP()) AS found
                    )
            );
        END IF;
        SET figures = JSON_OBJECT('queries', queries, 'work', work, 'upkeep', upkeep, 'stored', stored);
        SET (new_status, new_score) = (
            SELECT AS STRUCT
                status,
                health_score
            FROM `{{ project }}`.`{{ dataset }}`.judged_health(figures, started)
        );
        INSERT INTO `{{ project }}`.`{{ dataset }}`.health_checks (
            check_timestamp,
            health_score,
            status,
            checks_passed,
            checks_total,
            warnings,
            critical,
            slow_queries,
            failed_queries,
            total_queries,
            error_rate_pct,
            avg_execution_seconds,
            p95_seconds,
            daily_cost_usd,
            available_captions,
            locked_captions,
            active_locks,
            expired_locks,
            assignments_24h,
            details,
            figures
        )
        SELECT
            started,
            health.health_score,
            health.status,
            health.checks_passed,
            health.checks_total,
            health.warnings,
            health.critical,
            counted.slow_queries,
            counted.failed_queries,
            counted.total_queries,
            counted.error_rate_pct,
            counted.avg_execution_seconds,
            counted.p95_seconds,
            counted.daily_cost_usd,
            GREATEST(CAST(COALESCE(counted.active_captions, 0) AS INT64) - counted.locked_captions, 0),
            counted.locked_captions,
            counted.active_locks,
            counted.expired_locks,
            counted.assignments_24h,
            health.details,
            figures
        FROM `{{ project }}`.`{{ dataset }}`.judged_health(figures, started) AS health
        CROSS JOIN `{{ project }}`.`{{ dataset }}`.health_figures(figures) AS counted;
    EXCEPTION WHEN ERROR THEN
        SET failure = @@error.message;
        SET new_status = 'CRITICAL';
        SET new_score = 0;
        -- What was known before is known still, and says of when it is.
        SET figures = JSON_OBJECT('queries', queries, 'work', work, 'upkeep', upkeep, 'stored', stored);
        INSERT INTO `{{ project }}`.`{{ dataset }}`.health_checks (
            check_timestamp,
            health_score,
            status,
            checks_passed,
            checks_total,
            warnings,
            critical,
            details,
            figures
        )
        VALUES (
            started,
            0,
            'CRITICAL',
            0,
            7,
            0,
            7,
            JSON_OBJECT('error', failure),
            figures
        );
    END;

    BEGIN
        INSERT INTO `{{ project }}`.`{{ dataset }}`.stored_figures (
            figure_time,
            figure,
            value,
            details
        )
        VALUES (started, 'health_check', new_score, JSON_OBJECT('status', new_status, 'work', work, 'upkeep', upkeep));
    EXCEPTION WHEN ERROR THEN
        -- The next check counts everything itself.
        SET failure = COALESCE(failure, @@error.message);
    END;

    SET is_urgent = new_status = 'CRITICAL' AND COALESCE(JSON_VALUE(earlier.checked, '$.status'), 'HEALTHY') != 'CRITICAL';
    -- cost: 1 of 288
    IF is_urgent THEN
        CALL `{{ project }}`.`{{ dataset }}`.raise_alert(
            'CRITICAL',
            'System health critical',
            'record_health_check',
            COALESCE(failure, 'a finding of the health check is critical; health_findings names it'),
            NULL,
            NULL
        );
    END IF;
    -- The rules are judged every 15 minutes; what cannot wait for that is judged now.
    -- cost: 1 of 288
    IF is_urgent OR CAST(JSON_VALUE(queries, '$.burn_rate') AS FLOAT64) > 1 THEN
        BEGIN
            CALL `{{ project }}`.`{{ dataset }}`.evaluate_alerts(NULL);
        EXCEPTION WHEN ERROR THEN
            -- The first failure is the one to tell.
            SET failure = COALESCE(failure, @@error.message);
        END;
        SET @@query_label = 'component:record_health_check,{{ job_labels }}';
    END IF;
    BEGIN
        CALL `{{ project }}`.`{{ dataset }}`.publish_health_figures(figures);
    EXCEPTION WHEN ERROR THEN
        SET failure = COALESCE(failure, @@error.message);
    END;
    IF failure IS NOT NULL THEN
        RAISE USING MESSAGE = failure;
    END IF;
END;
