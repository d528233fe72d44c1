-- case: an empty queue gives no row and is no error

-- when
CALL claim_schedule_request('builder1', NULL);

-- then
ASSERT (SELECT COUNT(*) FROM schedule_generation_queue) = 0 AS 'queue';
