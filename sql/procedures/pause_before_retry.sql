CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.pause_before_retry(INOUT waited_seconds FLOAT64)
OPTIONS (
    description = 'Waits a random moment, so that callers that BigQuery aborted at the same time do not meet again, and adds it to waited_seconds. The moments grow from 1 second at most to 10. Never call it inside a transaction: the clock stands still there.'
)
BEGIN
    DECLARE pause_seconds FLOAT64 DEFAULT RAND() * LEAST(1 + waited_seconds, 10);
    DECLARE pause_end TIMESTAMP DEFAULT TIMESTAMP_ADD(
        CURRENT_TIMESTAMP(),
        INTERVAL CAST(1000 * pause_seconds AS INT64) MILLISECOND
    );
    DECLARE turns INT64 DEFAULT 0;

    -- BigQuery has no statement that sleeps. These expressions read no table, so they bill
    -- nothing. The bound ends the loop should the clock not move.
    WHILE turns < 10000 AND CURRENT_TIMESTAMP() < pause_end DO
        SET turns = turns + 1;
    END WHILE;
    SET waited_seconds = waited_seconds + pause_seconds;
END;
