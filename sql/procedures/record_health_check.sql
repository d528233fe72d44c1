CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.record_health_check()
OPTIONS (
    description = 'Appends the health of this moment to health_checks and publishes its figures. Raises an alert when the status turns CRITICAL. Whatever stops the check is itself recorded as CRITICAL.'
)
BEGIN
    DECLARE started TIMESTAMP DEFAULT CURRENT_TIMESTAMP();
    DECLARE earlier_status STRING;
    DECLARE counted STRUCT<captions TIMESTAMP, integrity TIMESTAMP>;
    DECLARE new_status STRING;
    DECLARE failure STRING;

    SET @@query_label = 'component:record_health_check,{{ job_labels }}';

    SET earlier_status = (
        SELECT status
        FROM `{{ project }}`.`{{ dataset }}`.health_checks
        WHERE check_timestamp >= TIMESTAMP_SUB(started, INTERVAL 1 DAY)
        ORDER BY check_timestamp DESC
        LIMIT 1
    );
    BEGIN
        -- What takes a scan of all captions is counted now and then.
        SET counted = (
            SELECT AS STRUCT
                -- An empty library is looked at each time: it fills all at once.
                MAX(IF(figure = 'active_captions' AND value > 0, figure_time, NULL)) AS captions,
                MAX(IF(figure = 'integrity_violations', figure_time, NULL)) AS integrity
            FROM `{{ project }}`.`{{ dataset }}`.stored_figures
            WHERE figure_time > TIMESTAMP_SUB(started, INTERVAL 1 DAY)
        );
        -- cost: 1 of 12
        IF counted.captions IS NULL OR counted.captions < TIMESTAMP_SUB(started, INTERVAL 58 MINUTE) THEN
            CALL `{{ project }}`.`{{ dataset }}`.count_active_captions();
        END IF;
        -- cost: 1 of {{ automation.integrity_hours * 12 }}
        IF counted.integrity IS NULL OR counted.integrity < TIMESTAMP_SUB(started, INTERVAL {{ automation.integrity_hours }} HOUR) THEN
            CALL `{{ project }}`.`{{ dataset }}`.count_integrity_violations();
        END IF;
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
            details
        )
        SELECT
            started,
            health.health_score,
            health.status,
            health.checks_passed,
            health.checks_total,
            health.warnings,
            health.critical,
            figures.slow_queries,
            figures.failed_queries,
            figures.total_queries,
            figures.error_rate_pct,
            figures.avg_execution_seconds,
            figures.p95_seconds,
            figures.daily_cost_usd,
            figures.available_captions,
            figures.locked_captions,
            figures.active_locks,
            figures.expired_locks,
            figures.assignments_24h,
            health.details
        FROM `{{ project }}`.`{{ dataset }}`.current_health AS health
        CROSS JOIN `{{ project }}`.`{{ dataset }}`.health_snapshot AS figures;
    EXCEPTION WHEN ERROR THEN
        SET failure = @@error.message;
        INSERT INTO `{{ project }}`.`{{ dataset }}`.health_checks (
            check_timestamp,
            health_score,
            status,
            checks_passed,
            checks_total,
            warnings,
            critical,
            details
        )
        VALUES (
            started,
            0,
            'CRITICAL',
            0,
            7,
            0,
            7,
            JSON_OBJECT('error', failure)
        );
    END;

    SET new_status = (
        SELECT MAX(status)
        FROM `{{ project }}`.`{{ dataset }}`.health_checks
        WHERE check_timestamp = started
    );
    -- cost: 1 of 288
    IF new_status = 'CRITICAL' AND COALESCE(earlier_status, 'HEALTHY') != 'CRITICAL' THEN
        CALL `{{ project }}`.`{{ dataset }}`.raise_alert(
            'CRITICAL',
            'System health critical',
            'record_health_check',
            COALESCE(failure, 'a finding of the health check is critical; health_findings names it'),
            NULL,
            NULL
        );
    END IF;
    BEGIN
        CALL `{{ project }}`.`{{ dataset }}`.publish_figures('record_health_check');
    EXCEPTION WHEN ERROR THEN
        -- The first failure is the one to tell.
        SET failure = COALESCE(failure, @@error.message);
    END;
    IF failure IS NOT NULL THEN
        RAISE USING MESSAGE = failure;
    END IF;
END;
