CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.claim_schedule_request(builder STRING, for_date DATE)
OPTIONS (
    description = 'Hands the oldest PENDING request to a schedule builder and returns it, or no row. A date limits it to the requests of that execution date. No request goes to two builders. With attempts above 0 another builder had it before: held_captions tells what that one was given. finish_claimed_request takes claimed_at as it is returned here.'
)
BEGIN
    -- One for the call: an UPDATE may have succeeded and still be reported as failed.
    DECLARE claim_time TIMESTAMP DEFAULT CURRENT_TIMESTAMP();
    DECLARE is_settled BOOL DEFAULT FALSE;
    DECLARE waited_seconds FLOAT64 DEFAULT 0;
    DECLARE failure STRING;
    DECLARE oldest_date DATE DEFAULT DATE_SUB(CURRENT_DATE('{{ time_zone }}'), INTERVAL {{ retention.log_days }} DAY);

    IF TRIM(COALESCE(builder, '')) = '' THEN
        RAISE USING MESSAGE = 'refused: builder must name the claimant';
    END IF;

    -- Choosing and claiming is one statement, so no two builders want the same row: each sees
    -- what those before it have left. No row changed means that nothing is left; a statement
    -- that BigQuery gave up because of others is repeated.
    WHILE NOT is_settled DO
        BEGIN
            UPDATE `{{ project }}`.`{{ dataset }}`.schedule_generation_queue
            SET
                status = 'PROCESSING',
                claimed_by = builder,
                claimed_at = claim_time
            WHERE
                status = 'PENDING'
                AND execution_date >= oldest_date
                AND CONCAT(CAST(execution_date AS STRING), '/', page_name) = (
                    SELECT CONCAT(CAST(queue.execution_date AS STRING), '/', queue.page_name)
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
                )
                AND NOT EXISTS (
                    SELECT 1
                    FROM `{{ project }}`.`{{ dataset }}`.schedule_generation_queue AS claimed
                    WHERE
                        claimed.execution_date >= oldest_date
                        AND claimed.claimed_by = builder
                        AND claimed.claimed_at = claim_time
                );
            SET is_settled = TRUE;
        EXCEPTION WHEN ERROR THEN
            SET failure = @@error.message;
            IF waited_seconds >= {{ automation.lock_wait_seconds }} THEN
                RAISE USING MESSAGE = CONCAT('no request could be claimed: ', failure);
            END IF;
            CALL `{{ project }}`.`{{ dataset }}`.pause_before_retry(waited_seconds);
        END;
    END WHILE;

    SELECT
        page_name,
        execution_date,
        saturation_pct,
        attempts,
        claimed_at
    FROM `{{ project }}`.`{{ dataset }}`.schedule_generation_queue
    WHERE
        execution_date >= oldest_date
        AND claimed_by = builder
        AND claimed_at = claim_time;
END;
