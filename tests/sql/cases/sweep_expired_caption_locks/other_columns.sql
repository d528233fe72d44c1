-- case: the columns of another system's locks have the names that the stack gives them
-- settings: {"captionLocks": {"table": "caption_locks", "expiresColumn": "lock_until", "activeColumn": "held"}}

-- given
INSERT INTO caption_locks (caption_id, lock_until, held)
VALUES ('ended', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), TRUE);

-- when
CALL sweep_expired_caption_locks();

-- then
ASSERT (SELECT COUNTIF(held) FROM caption_locks) = 0 AS 'it is ended';
