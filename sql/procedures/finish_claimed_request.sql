CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.finish_claimed_request(
    builder STRING,
    for_page STRING,
    for_date DATE,
    claim_time TIMESTAMP,
    failure STRING
)
OPTIONS (
    description = 'Closes a request by the claim that claim_schedule_request returned: COMPLETED when failure is NULL. With a failure it goes back to PENDING, or to FAILED when it was attempt {{ automation.queue_max_attempts }}. The same call again changes nothing. Refused when the request was claimed again since, by the same builder, too. claim_time NULL takes whatever claim the builder has.'
)
BEGIN
    DECLARE is_settled BOOL DEFAULT FALSE;
    DECLARE closed_rows INT64 DEFAULT 0;
    DECLARE waited_seconds FLOAT64 DEFAULT 0;

    WHILE NOT is_settled DO
        BEGIN
            UPDATE `{{ project }}`.`{{ dataset }}`.schedule_generation_queue
            SET
                status = CASE
                    WHEN failure IS NULL THEN 'COMPLETED'
                    WHEN attempts + 1 >= {{ automation.queue_max_attempts }} THEN 'FAILED'
                    ELSE 'PENDING'
                END,
                completed_at = IF(
                    failure IS NULL OR attempts + 1 >= {{ automation.queue_max_attempts }},
                    CURRENT_TIMESTAMP(),
                    NULL
                ),
                attempts = attempts + IF(failure IS NULL, 0, 1),
                error_message = failure
            WHERE
                execution_date = for_date
                AND page_name = for_page
                AND status = 'PROCESSING'
                AND claimed_by = builder
                AND claimed_at = COALESCE(claim_time, claimed_at);
            SET closed_rows = @@row_count;
            SET is_settled = TRUE;
        EXCEPTION WHEN ERROR THEN
            IF waited_seconds >= {{ automation.lock_wait_seconds }} THEN
                RAISE;
            END IF;
            CALL `{{ project }}`.`{{ dataset }}`.pause_before_retry(waited_seconds);
        END;
    END WHILE;

    -- A call whose answer was lost is made again: it finds its own work, which is no error.
    -- cost: 1 of 100
    IF closed_rows = 0 THEN
        IF NOT EXISTS (
            SELECT 1
            FROM `{{ project }}`.`{{ dataset }}`.schedule_generation_queue
            WHERE
                execution_date = for_date
                AND page_name = for_page
                AND claimed_by = builder
                AND claimed_at = COALESCE(claim_time, claimed_at)
                AND error_message IS NOT DISTINCT FROM failure
                AND (
                    (failure IS NULL AND status = 'COMPLETED')
                    OR (failure IS NOT NULL AND status IN ('PENDING', 'FAILED'))
                )
        ) THEN
            RAISE USING MESSAGE = FORMAT(
                'builder %t does not hold the request of page %t for %t; its lease may have ended',
                builder,
                for_page,
                for_date
            );
        END IF;
    END IF;
END;
