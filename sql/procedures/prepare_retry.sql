CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.prepare_retry(
    for_schedule STRING,
    alert_level STRING,
    failure STRING,
    INOUT failures INT64
)
OPTIONS (
    description = 'After a failure of a scheduled run: waits, and counts the failure, when the error passes by itself and the run was tried fewer than {{ automation.retry_delays_seconds | length + 1 }} times. Otherwise the call fails with the same error, and puts an alert of the level into the outbox for an error that lasted over all tries: the procedure alerts of any other.'
)
BEGIN
    DECLARE delays ARRAY<INT64> DEFAULT {{ automation.retry_delays_seconds | list }};
    DECLARE delay_end TIMESTAMP;
    DECLARE waited_seconds FLOAT64 DEFAULT 0;

    IF NOT `{{ project }}`.`{{ dataset }}`.is_transient_error(failure) THEN
        RAISE USING MESSAGE = failure;
    END IF;
    IF failures >= ARRAY_LENGTH(delays) THEN
        CALL `{{ project }}`.`{{ dataset }}`.raise_alert(
            alert_level,
            'Scheduled run failed',
            for_schedule,
            FORMAT('failed %d times: %s', failures + 1, failure),
            JSON_OBJECT('attempts', failures + 1),
            NULL
        );
        RAISE USING MESSAGE = failure;
    END IF;

    SET delay_end = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL delays[OFFSET(failures)] SECOND);
    WHILE CURRENT_TIMESTAMP() < delay_end AND waited_seconds < delays[OFFSET(failures)] DO
        CALL `{{ project }}`.`{{ dataset }}`.pause_before_retry(waited_seconds);
    END WHILE;
    SET failures = failures + 1;
END;
