CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.record_health_check()
OPTIONS (
    description = 'Appends the health of this moment to health_checks and publishes its figures. Counts the queries each time, the work every 15 minutes, the rest every hour, and carries over what it does not count; one that comes within 4 minutes of another was asked for by somebody and counts all. Raises an alert when the status turns CRITICAL, and has the alert rules judged then, and while errors use up their budget. Whatever stops the check is itself recorded as CRITICAL.'
)
BEGIN
    DECLARE started TIMESTAMP DEFAULT CURRENT_TIMESTAMP();
    DECLARE earlier STRUCT<checked_at TIMESTAMP, status STRING, figures JSON>;
    -- Tables are read into these once: each table that a statement names is billed at the least.
    DECLARE queries JSON;
    DECLARE work JSON;
    DECLARE upkeep JSON;
    DECLARE figures JSON;
    DECLARE is_asked_for BOOL;
    DECLARE is_bank_due BOOL;
    DECLARE is_urgent BOOL;
    DECLARE new_status STRING DEFAULT 'CRITICAL';
    DECLARE failure STRING;

    SET @@query_label = 'component:record_health_check,{{ job_labels }}';

    SET earlier = (
        SELECT AS STRUCT
            checks.check_timestamp AS checked_at,
            checks.status,
            checks.figures
        FROM `{{ project }}`.`{{ dataset }}`.health_checks AS checks
        WHERE checks.check_timestamp >= TIMESTAMP_SUB(started, INTERVAL 1 DAY)
        ORDER BY checks.check_timestamp DESC
        LIMIT 1
    );
    BEGIN
        SET is_asked_for = COALESCE(earlier.checked_at > TIMESTAMP_SUB(started, INTERVAL 4 MINUTE), FALSE);
        SET work = JSON_QUERY(earlier.figures, '$.work');
        SET upkeep = JSON_QUERY(earlier.figures, '$.upkeep');
        SET queries = (
            SELECT TO_JSON(found)
            FROM `{{ project }}`.`{{ dataset }}`.query_figures(started) AS found
        );
        -- cost: 1 of 3
        IF is_asked_for OR COALESCE(TIMESTAMP(JSON_VALUE(work, '$.counted_at')) < TIMESTAMP_SUB(started, INTERVAL 14 MINUTE), TRUE) THEN
            SET work = (
                SELECT TO_JSON(found)
                FROM `{{ project }}`.`{{ dataset }}`.work_figures(started) AS found
            );
        END IF;
        -- An empty library is looked at each time: it fills all at once.
        SET is_bank_due = (
            COALESCE(TIMESTAMP(JSON_VALUE(upkeep, '$.captions_counted_at')) < TIMESTAMP_SUB(started, INTERVAL 58 MINUTE), TRUE)
            OR COALESCE(CAST(JSON_VALUE(upkeep, '$.active_captions') AS FLOAT64), 0) = 0
        );
        -- cost: 1 of 12
        IF is_asked_for OR is_bank_due THEN
            IF is_bank_due THEN
                CALL `{{ project }}`.`{{ dataset }}`.count_active_captions();
            END IF;
            -- cost: 1 of {{ automation.integrity_hours }}
            IF COALESCE(
                TIMESTAMP(JSON_VALUE(upkeep, '$.integrity_counted_at')) < TIMESTAMP_SUB(started, INTERVAL {{ automation.integrity_hours }} HOUR),
                TRUE
            ) THEN
                CALL `{{ project }}`.`{{ dataset }}`.count_integrity_violations();
            END IF;
            SET upkeep = (
                SELECT TO_JSON(found)
                FROM `{{ project }}`.`{{ dataset }}`.upkeep_figures(CURRENT_TIMESTAMP()) AS found
            );
        END IF;
        SET figures = JSON_OBJECT('queries', queries, 'work', work, 'upkeep', upkeep);
        SET new_status = (
            SELECT status
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
        -- What was known before is known still, and says of when it is.
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
            earlier.figures
        );
    END;

    SET is_urgent = new_status = 'CRITICAL' AND COALESCE(earlier.status, 'HEALTHY') != 'CRITICAL';
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
