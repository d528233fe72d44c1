-- case: the lock of a page is held by one, in the partition of the page, until it is given back or its lease ends
-- raises: the lock of page p is not to be had within 0 seconds: somebody else holds it

-- given
CALL take_page_lock('p', 'one', 60, 0);
CALL take_page_lock('q', 'two', 60, 0);
ASSERT (
    SELECT STRING_AGG(CONCAT(page_name, ' ', holder, ' ', CAST(version AS STRING)), ', ' ORDER BY page_name) FROM page_locks
) = 'p one 1, q two 1' AS 'holders';
ASSERT (SELECT LOGICAL_AND(lock_bucket = lock_bucket(page_name)) FROM page_locks) AS 'partition';
CALL release_page_lock('q', 'one');
ASSERT (SELECT COUNTIF(holder = 'two') FROM page_locks) = 1 AS 'own lock only';
CALL release_page_lock('q', 'two');
CALL take_page_lock('q', 'three', 0, 0);
CALL take_page_lock('q', 'four', 60, 0);

-- when
CALL take_page_lock('p', 'two', 60, 0);

-- then
ASSERT (
    SELECT STRING_AGG(CONCAT(page_name, ' ', holder), ', ' ORDER BY page_name) FROM page_locks
) = 'p one, q four' AS 'holders';
ASSERT (
    SELECT COUNT(DISTINCT lock_bucket(CONCAT('page', CAST(x AS STRING)))) FROM UNNEST(GENERATE_ARRAY(1, 1000)) AS x
) = 64 AS 'names fall into every bucket';
