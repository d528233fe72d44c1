-- case: a stack that names another table of locks counts them in its health
-- settings: {"captionLocks": {"table": "caption_locks"}}

-- given
INSERT INTO caption_locks (caption_id, expires_at, is_active)
VALUES
('long ended', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 3 HOUR), TRUE),
('just ended', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), TRUE),
('for ever', NULL, TRUE),
('released', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 3 HOUR), FALSE);

-- when
SELECT 1 AS nothing;

-- then
ASSERT (SELECT active_locks FROM work_figures(CURRENT_TIMESTAMP())) = 3 AS 'those that hold';
ASSERT (SELECT expired_locks FROM work_figures(CURRENT_TIMESTAMP())) = 1 AS 'the sweep has two hours';
