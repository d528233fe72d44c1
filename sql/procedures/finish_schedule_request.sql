CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.finish_schedule_request(
    builder STRING,
    for_page STRING,
    for_date DATE,
    failure STRING
)
OPTIONS (
    description = 'As finish_claimed_request, for whatever claim the builder has: COMPLETED when failure is NULL, else back to PENDING, or FAILED after attempt {{ automation.queue_max_attempts }}. A builder whose name is used twice calls finish_claimed_request.'
)
BEGIN
    CALL `{{ project }}`.`{{ dataset }}`.finish_claimed_request(builder, for_page, for_date, NULL, failure);
END;
