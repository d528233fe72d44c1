CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.finish_schedule_request(
    builder STRING,
    for_page STRING,
    for_date DATE,
    failure STRING
)
OPTIONS (
    description = 'Closes a request that a builder holds: COMPLETED when failure is NULL. With a failure it goes back to PENDING, or to FAILED when it was attempt {{ automation.queue_max_attempts }}.'
)
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
        AND claimed_by = builder;

    IF @@row_count = 0 THEN
        RAISE USING MESSAGE = FORMAT(
            'builder %t does not hold the request of page %t for %t; its lease may have ended',
            builder,
            for_page,
            for_date
        );
    END IF;
END;
