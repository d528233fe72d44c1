-- kind: views
-- case: public_event_params
SELECT k.event_name, (SELECT p.value FROM UNNEST([STRUCT('page' AS key, 'x' AS value)]) AS p WHERE p.key = 'page') AS page, _TABLE_SUFFIX AS suffix FROM `other-project`.`analytics_1`.`events_*` AS k WHERE _TABLE_SUFFIX BETWEEN FORMAT_DATE('%Y%m%d', DATE_SUB(CURRENT_DATE(), INTERVAL 3 DAY)) AND FORMAT_DATE('%Y%m%d', CURRENT_DATE())
-- invalid: unknown-column
SELECT event_name, (SELECT p.string_value FROM UNNEST([STRUCT('page' AS key, 'x' AS value)]) AS p) AS page FROM `other-project`.`analytics_1`.`events_*`
-- case: public_surrogate_key
SELECT TO_HEX(MD5(CAST(COALESCE(CAST(a AS STRING), '_null_') || '-' || COALESCE(CAST(s AS STRING), '_null_') AS STRING))) AS k FROM @t
-- invalid: *
SELECT TO_HEX(MD5(a)) AS k FROM @t
-- case: public_newest_row
SELECT newest[OFFSET(0)].* FROM (SELECT ARRAY_AGG(t ORDER BY ts DESC LIMIT 1) AS newest FROM @u AS t CROSS JOIN (SELECT MAX(ts) AS ts FROM @t) GROUP BY t.a)
-- invalid: *
SELECT newest.* FROM (SELECT ARRAY_AGG(t ORDER BY a DESC LIMIT 1) AS newest FROM @u AS t GROUP BY a)
-- case: public_as_value
SELECT AS VALUE ARRAY_AGG(t ORDER BY w DESC LIMIT 1)[OFFSET(0)] FROM @u AS t GROUP BY a
-- invalid: semantics
SELECT AS VALUE a, s FROM @u
-- case: public_unpivot
SELECT name, v FROM (SELECT s, a, b FROM @t) UNPIVOT INCLUDE NULLS (v FOR name IN (a AS 'first', b AS 'second'))
-- invalid: *
SELECT name, v FROM (SELECT s, a FROM @t) UNPIVOT (v FOR name IN (s, a))
-- case: public_seven_days
SELECT a, SUM(b) OVER (PARTITION BY s ORDER BY UNIX_DATE(d) RANGE BETWEEN 6 PRECEDING AND CURRENT ROW) AS week, LAST_VALUE(s IGNORE NULLS) OVER before AS latest FROM @t WINDOW before AS (ORDER BY ts ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
-- invalid: *
SELECT SUM(b) OVER (ORDER BY d RANGE BETWEEN INTERVAL 6 DAY PRECEDING AND CURRENT ROW) AS week FROM @t
-- case: public_histogram
SELECT ARRAY(SELECT AS STRUCT i.k, SUM(i.v) AS v FROM UNNEST(items) AS i GROUP BY i.k) AS histogram FROM @t
-- invalid: *
SELECT ARRAY(SELECT i.k, SUM(i.v) AS v FROM UNNEST(items) AS i GROUP BY i.k) AS histogram FROM @t
-- case: public_quantile
SELECT APPROX_QUANTILES(a, 100)[SAFE_OFFSET(50)] AS p50, STRING_AGG(s, ',' ORDER BY s LIMIT 3) AS few, ANY_VALUE(s HAVING MAX a) AS last FROM @t
-- invalid: *
SELECT MEDIAN(a) AS p50 FROM @t
-- case: public_few_texts
SELECT STRING_AGG(DISTINCT s, ',' ORDER BY s LIMIT 3) AS few FROM @t
-- invalid: *
SELECT GROUP_CONCAT(DISTINCT s) AS few FROM @t
-- case: public_calendar
SELECT day, EXTRACT(ISOWEEK FROM day) AS week, DATE_TRUNC(day, WEEK(MONDAY)) AS monday, LAST_DAY(day, QUARTER) AS quarter FROM UNNEST(GENERATE_DATE_ARRAY('2026-01-01', '2026-01-31', INTERVAL 1 DAY)) AS day
-- invalid: *
SELECT DATE_TRUNC(d, FORTNIGHT) AS day FROM @t
-- case: public_incremental_filter
SELECT d, COUNT(*) AS n FROM @days WHERE d >= DATE_SUB(CURRENT_DATE(), INTERVAL 7 DAY) AND d < CURRENT_DATE() GROUP BY d
-- invalid: unfiltered-read
SELECT (SELECT MAX(d) FROM @days) AS latest, COUNT(*) AS n FROM @u
-- kind: functions
-- case: public_get_key
(map_ ARRAY<STRUCT<key STRING, value INT64>>, wanted STRING) AS ((SELECT pair.value FROM UNNEST(map_) AS pair WHERE pair.key = wanted LIMIT 1))
-- invalid: *
(map_ ARRAY<STRUCT<key STRING, value INT64>>, wanted STRING) AS (SELECT pair.value FROM UNNEST(map_) AS pair)
-- kind: procedures
-- case: public_upsert
MERGE INTO @u AS target USING (SELECT a, ANY_VALUE(s) AS s FROM @t GROUP BY a) AS source ON target.a = source.a WHEN MATCHED AND source.s IS NULL THEN DELETE WHEN MATCHED THEN UPDATE SET s = source.s WHEN NOT MATCHED THEN INSERT (a, s) VALUES (source.a, source.s);
-- invalid: duplicate-source
MERGE INTO @u AS target USING @t AS source ON target.a = source.a WHEN MATCHED THEN UPDATE SET s = source.s;
