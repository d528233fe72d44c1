CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.sweep_expired_caption_locks()
OPTIONS (
    description = 'Deactivates caption locks whose send date has passed, and those older than {{ automation.stale_lock_days }} days that nothing can send any more, because their page has not sent for {{ automation.active_days }} days and so gets no schedule; logs the sweep and raises alerts on bloat. A second sweep finds nothing; one that starts while another is at work does nothing.'
)
BEGIN
    DECLARE sweep STRING DEFAULT GENERATE_UUID();
    DECLARE started TIMESTAMP DEFAULT CURRENT_TIMESTAMP();
    -- A message due today is still to be sent, so "past" means before today in the business time zone.
    DECLARE today DATE DEFAULT CURRENT_DATE('{{ time_zone }}');
    DECLARE stale_before TIMESTAMP DEFAULT TIMESTAMP_SUB(started, INTERVAL {{ automation.stale_lock_days }} DAY);
    DECLARE found STRUCT<active INT64, expired INT64, stale INT64>;
    DECLARE changed INT64;
    DECLARE is_open BOOL;
    DECLARE is_changed BOOL DEFAULT FALSE;
    DECLARE waited_seconds FLOAT64 DEFAULT 0;
    DECLARE told ARRAY<STRING>;
    DECLARE failure STRING;
    {%- if caption_locks %}
    DECLARE elsewhere INT64 DEFAULT 0;
    {%- endif %}

    SET @@query_label = CONCAT('component:sweep_expired_caption_locks,{{ job_labels }},eros_run:', sweep);

    BEGIN
        CALL `{{ project }}`.`{{ dataset }}`.start_job_run(
            sweep,
            'sweep_expired_caption_locks',
            today,
            {{ limits.query_timeout_seconds + limits.stop_within_seconds }},
            is_open
        );
        IF NOT is_open THEN
            -- The same run was started twice and the other one is at work.
            RETURN;
        END IF;

        -- A lock that meets both rules counts as expired. No transaction: BigQuery queues an
        -- UPDATE behind others of the table, but aborts a transaction that meets one.
        WHILE NOT is_changed DO
            BEGIN
                UPDATE `{{ project }}`.`{{ dataset }}`.active_caption_assignments
                SET
                    is_active = FALSE,
                    deactivated_at = started,
                    deactivation_reason = IF(scheduled_send_date < today, 'EXPIRED', 'STALE')
                WHERE
                    is_active
                    AND (
                        scheduled_send_date < today
                        -- Old alone is not stale: the message of an old lock is sent when its day comes.
                        OR (
                            assigned_at < stale_before
                            AND page_name NOT IN (
                                SELECT pages.page_name
                                FROM `{{ project }}`.`{{ dataset }}`.account_sizes(today) AS pages
                            )
                        )
                    );
                {%- if caption_locks %}
                -- The locks of another system. A second try finds none of those that this one ended.
                UPDATE `{{ project }}`.`{{ dataset }}`.{{ caption_locks.table }}
                SET {{ caption_locks.active_column }} = FALSE
                WHERE
                    {{ caption_locks.active_column }}
                    AND {{ caption_locks.expires_column }} < started;
                SET elsewhere = elsewhere + @@row_count;
                {%- endif %}
                SET is_changed = TRUE;
            EXCEPTION WHEN ERROR THEN
                IF waited_seconds >= {{ automation.lock_wait_seconds }} THEN
                    RAISE;
                END IF;
                CALL `{{ project }}`.`{{ dataset }}`.pause_before_retry(waited_seconds);
            END;
        END WHILE;

        SET found = (
            SELECT AS STRUCT
                COUNTIF(is_active) AS active,
                COUNTIF(NOT is_active AND deactivation_reason = 'EXPIRED') AS expired,
                COUNTIF(NOT is_active AND deactivation_reason = 'STALE') AS stale
            FROM `{{ project }}`.`{{ dataset }}`.active_caption_assignments
            WHERE
                is_active
                OR deactivated_at = started
        );
        {%- if caption_locks %}
        SET found = (
            SELECT AS STRUCT
                found.active + COUNTIF({{ caption_locks.active_column }}) AS active,
                found.expired + elsewhere AS expired,
                found.stale
            FROM `{{ project }}`.`{{ dataset }}`.{{ caption_locks.table }}
        );
        {%- endif %}
        SET changed = found.expired + found.stale;

        -- Before the log, so that a sweep has one row there, whatever fails.
        CALL `{{ project }}`.`{{ dataset }}`.finish_job_run(sweep, 'SUCCESS', changed, NULL);
        INSERT INTO `{{ project }}`.`{{ dataset }}`.lock_sweep_log (
            sweep_id,
            sweep_time,
            expired_deactivated,
            stale_deactivated,
            active_before,
            active_after,
            bloat_detected,
            duration_seconds,
            status
        )
        VALUES (
            sweep,
            started,
            found.expired,
            found.stale,
            found.active + changed,
            found.active,
            found.active > {{ thresholds.active_locks_warning }},
            TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), started, MILLISECOND) / 1000,
            'SUCCESS'
        );
    EXCEPTION WHEN ERROR THEN
        SET failure = @@error.message;
        INSERT INTO `{{ project }}`.`{{ dataset }}`.lock_sweep_log (
            sweep_id,
            sweep_time,
            duration_seconds,
            status,
            error_message
        )
        VALUES (
            sweep,
            started,
            TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), started, MILLISECOND) / 1000,
            'FAILED',
            failure
        );
        -- One that passes by itself is tried again, and reported by who tries (prepare_retry).
        IF NOT `{{ project }}`.`{{ dataset }}`.is_transient_error(failure) THEN
            CALL `{{ project }}`.`{{ dataset }}`.raise_alert(
                'CRITICAL',
                'Lock cleanup failed',
                'sweep_expired_caption_locks',
                failure,
                NULL,
                sweep
            );
        END IF;
        CALL `{{ project }}`.`{{ dataset }}`.finish_job_run(sweep, 'FAILED', 0, failure);
        RAISE USING MESSAGE = failure;
    END;

    -- Bloat lasts: once a day, so that what a person has acknowledged does not come back hourly.
    -- cost: 1 of 100
    IF found.active > {{ thresholds.active_locks_warning }} THEN
        SET told = ARRAY(
            SELECT DISTINCT alert_name
            FROM `{{ project }}`.`{{ dataset }}`.automation_alerts
            WHERE
                alert_name IN ('Lock table critical bloat', 'Lock table warning bloat')
                AND alert_time >= TIMESTAMP_SUB(started, INTERVAL 1 DAY)
        );
    END IF;
    IF found.active > {{ thresholds.active_locks_critical }} AND 'Lock table critical bloat' NOT IN UNNEST(told) THEN
        CALL `{{ project }}`.`{{ dataset }}`.raise_alert(
            'CRITICAL',
            'Lock table critical bloat',
            'sweep_expired_caption_locks',
            FORMAT('%d locks are active; the limit is {{ thresholds.active_locks_critical }}', found.active),
            JSON_OBJECT('active_locks', found.active, 'limit', {{ thresholds.active_locks_critical }}),
            sweep
        );
    ELSEIF found.active BETWEEN {{ thresholds.active_locks_warning }} + 1 AND {{ thresholds.active_locks_critical }} AND 'Lock table warning bloat' NOT IN UNNEST(told) THEN
        CALL `{{ project }}`.`{{ dataset }}`.raise_alert(
            'WARNING',
            'Lock table warning bloat',
            'sweep_expired_caption_locks',
            FORMAT('%d locks are active; the limit is {{ thresholds.active_locks_warning }}', found.active),
            JSON_OBJECT('active_locks', found.active, 'limit', {{ thresholds.active_locks_warning }}),
            sweep
        );
    END IF;

    IF changed > {{ thresholds.sweep_volume_warning }} THEN
        CALL `{{ project }}`.`{{ dataset }}`.raise_alert(
            'WARNING',
            'Lock cleanup high volume',
            'sweep_expired_caption_locks',
            FORMAT('%d locks were deactivated in one sweep; the limit is {{ thresholds.sweep_volume_warning }}', changed),
            JSON_OBJECT('expired', found.expired, 'stale', found.stale, 'limit', {{ thresholds.sweep_volume_warning }}),
            sweep
        );
    END IF;
END;
