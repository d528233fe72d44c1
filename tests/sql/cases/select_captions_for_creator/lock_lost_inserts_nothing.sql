-- case: a selection that was so slow that another has the lock of its page inserts nothing
-- settings: {"selection": {"lock_lease_seconds": 601}}
-- raises: the lock of page p ended while captions were picked

-- given
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
VALUES ('c1', 'p', 'text', TRUE, CURRENT_TIMESTAMP());
CREATE OR REPLACE PROCEDURE take_page_lock(for_page STRING, new_holder STRING, lease_seconds INT64, patience_seconds INT64)
BEGIN
    INSERT INTO page_locks (page_name, lock_bucket, version, locked_at, holder, held_until)
    VALUES
        (for_page, lock_bucket(for_page), 1, CURRENT_TIMESTAMP(), 'other', TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 600 SECOND));
END;

-- when
CALL select_captions_for_creator('p', CURRENT_DATE('America/Los_Angeles'), 5, 1);

-- then
ASSERT (SELECT COUNT(*) FROM active_caption_assignments) = 0 AS 'nothing is held';
ASSERT (SELECT STRING_AGG(status) FROM etl_job_runs WHERE job_start_time >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 DAY)) = 'FAILED' AS 'run';
ASSERT (SELECT STRING_AGG(DISTINCT holder) FROM page_locks) = 'other' AS 'the lock of the other stays';
