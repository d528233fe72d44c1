CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.claim_schedule_request(builder STRING, for_date DATE)
OPTIONS (
    description = 'Hands the oldest PENDING request to a schedule builder and returns it, or no row. A date limits it to the requests of that execution date. No request goes to two builders. With attempts above 0 another builder had it before: held_captions tells what that one was given.'
)
BEGIN
    DECLARE claim_time TIMESTAMP;
    DECLARE claimed INT64 DEFAULT 0;
    DECLARE tries_left INT64 DEFAULT 20;
    DECLARE waited_seconds FLOAT64 DEFAULT 0;
    DECLARE failure STRING;
    DECLARE oldest_date DATE DEFAULT DATE_SUB(CURRENT_DATE('{{ time_zone }}'), INTERVAL {{ retention.log_days }} DAY);
    DECLARE wanted STRUCT<page_name STRING, execution_date DATE>;

    IF TRIM(COALESCE(builder, '')) = '' THEN
        RAISE USING MESSAGE = 'builder must name the claimant';
    END IF;

    -- Ends with a claim, or with nothing left to claim. Another builder can take the wanted
    -- request between the look and the claim: then the claim changes no row and the next
    -- one is tried.
    WHILE claimed = 0 AND tries_left > 0 DO
        SET claim_time = CURRENT_TIMESTAMP();
        SET wanted = (
            SELECT AS STRUCT
                queue.page_name,
                queue.execution_date
            FROM `{{ project }}`.`{{ dataset }}`.schedule_generation_queue AS queue
            WHERE
                queue.status = 'PENDING'
                AND queue.execution_date >= oldest_date
                AND (for_date IS NULL OR queue.execution_date = for_date)
            ORDER BY
                queue.execution_date,
                queue.created_at,
                queue.page_name
            LIMIT 1
        );
        IF wanted.execution_date IS NULL THEN
            SET tries_left = 0;
        ELSE
            BEGIN
                UPDATE `{{ project }}`.`{{ dataset }}`.schedule_generation_queue
                SET
                    status = 'PROCESSING',
                    claimed_by = builder,
                    claimed_at = claim_time
                WHERE
                    execution_date = wanted.execution_date
                    AND page_name = wanted.page_name
                    AND status = 'PENDING';
                SET claimed = @@row_count;
                SET tries_left = tries_left - 1;
            EXCEPTION WHEN ERROR THEN
                SET failure = @@error.message;
                IF waited_seconds >= {{ automation.lock_wait_seconds }} THEN
                    RAISE USING MESSAGE = CONCAT('no request could be claimed: ', failure);
                END IF;
                CALL `{{ project }}`.`{{ dataset }}`.pause_before_retry(waited_seconds);
            END;
        END IF;
    END WHILE;

    SELECT
        page_name,
        execution_date,
        saturation_pct,
        attempts,
        claimed_at
    FROM `{{ project }}`.`{{ dataset }}`.schedule_generation_queue
    WHERE
        claimed > 0
        AND execution_date = wanted.execution_date
        AND page_name = wanted.page_name
        AND claimed_by = builder
        AND claimed_at = claim_time;
END;
