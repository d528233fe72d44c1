CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.pause_before_retry(INOUT waited_seconds FLOAT64)
OPTIONS (
    description = 'Waits a random moment, so that callers that BigQuery aborted at the same time do not meet again, and adds the time that passed to waited_seconds. The moments grow from 1 second at most to 10. Never call it inside a transaction: the clock stands still there.'
)
BEGIN
    DECLARE pause_seconds FLOAT64 DEFAULT RAND() * LEAST(1 + waited_seconds, 10);
    DECLARE pause_start TIMESTAMP DEFAULT CURRENT_TIMESTAMP();
    DECLARE pause_end TIMESTAMP DEFAULT TIMESTAMP_ADD(
        pause_start,
        INTERVAL CAST(1000 * pause_seconds AS INT64) MILLISECOND
    );
    DECLARE turns INT64 DEFAULT 0;

    -- BigQuery has no statement that sleeps. These expressions read no table, so they bill
    -- nothing. The bound ends the loop should the clock go backwards. A clock that has not moved
    -- in 100 turns stands still, as in `eros sandbox diff --baseline`: nobody can wait on it.
    WHILE turns < 10000 AND CURRENT_TIMESTAMP() < pause_end AND (turns < 100 OR CURRENT_TIMESTAMP() != pause_start) DO
        SET turns = turns + 1;
    END WHILE;
    -- The turns take their own time, and a clock that stands still may not keep a caller for ever.
    SET waited_seconds = waited_seconds + GREATEST(
        TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), pause_start, MICROSECOND) / 1000000,
        IF(CURRENT_TIMESTAMP() < pause_end, pause_seconds, 0)
    );
END;
