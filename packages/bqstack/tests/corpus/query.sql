-- kind: views
-- case: select_star
SELECT * FROM @t
-- invalid: missing-object
SELECT * FROM @tt
-- case: star_except
SELECT * EXCEPT (a, b) FROM @t
-- invalid: semantics
SELECT * EXCEPT (zz) FROM @t
-- case: star_replace
SELECT * REPLACE (UPPER(s) AS s) FROM @t
-- invalid: semantics
SELECT * REPLACE (1 AS zz) FROM @t
-- case: column_named_like_its_table
SELECT page.page, n FROM @page WHERE page.page IS NOT NULL
-- invalid: hidden-name
SELECT page, n FROM @page
-- case: column_behind_an_alias
SELECT page, TO_JSON_STRING(p) AS whole FROM @page AS p
-- invalid: hidden-name
SELECT n FROM @page WHERE page IS NOT NULL
-- case: struct_star
SELECT t.st.* FROM @t AS t
-- invalid: semantics,unknown-column,wrong-type
SELECT t.a.* FROM @t AS t
-- case: distinct
SELECT DISTINCT a, s FROM @t
-- invalid: syntax
SELECT DISTINCT FROM @t
-- case: as_struct
SELECT ARRAY(SELECT AS STRUCT a, s FROM @t) AS x
-- invalid: *
SELECT ARRAY(SELECT a, s FROM @t) AS x
-- case: as_value
SELECT AS VALUE STRUCT(1 AS x, 'y' AS z)
-- invalid: *
SELECT AS VALUE 1, 2
-- case: trailing_comma
SELECT a, b, FROM @t
-- invalid: syntax
SELECT a,, b FROM @t
-- case: from_first_alias
SELECT x.a FROM @t AS x WHERE x.a > 1
-- invalid: unknown-column
SELECT y.a FROM @t AS x
-- case: for_system_time
SELECT a FROM @t FOR SYSTEM_TIME AS OF CURRENT_TIMESTAMP()
-- invalid: *
SELECT a FROM @t FOR SYSTEM_TIME AS OF 'soon'
-- case: unnest_offset
SELECT x, o FROM @t, UNNEST(arr) AS x WITH OFFSET AS o
-- invalid: *
SELECT x FROM @t, UNNEST(a) AS x
-- case: unnest_implicit
SELECT i.k FROM @t AS t, t.items AS i
-- invalid: unknown-column
SELECT i.zz FROM @t AS t, t.items AS i
-- case: unnest_struct
SELECT k, v FROM UNNEST([STRUCT('a' AS k, 1 AS v), ('b', 2)])
-- invalid: *
SELECT k FROM UNNEST([STRUCT('a' AS k), STRUCT(1 AS k, 2 AS v)])
-- case: pivot
SELECT * FROM (SELECT s, a FROM @t) PIVOT (SUM(a) AS sum FOR s IN ('x' AS x, 'y' AS y))
-- invalid: *
SELECT * FROM (SELECT s, a FROM @t) PIVOT (a FOR s IN ('x'))
-- case: unpivot
SELECT * FROM (SELECT s, a, b FROM @t) UNPIVOT INCLUDE NULLS (v FOR k IN (a, b AS 'two'))
-- invalid: *
SELECT * FROM (SELECT s, a FROM @t) UNPIVOT (v FOR k IN (a, zz))
-- case: tablesample
SELECT a FROM @t TABLESAMPLE SYSTEM (10 PERCENT)
-- invalid: *
SELECT a FROM @t TABLESAMPLE SYSTEM (ten PERCENT)
-- case: match_recognize
SELECT * FROM @t MATCH_RECOGNIZE (PARTITION BY s ORDER BY a MEASURES MAX(up.a) AS top PATTERN (up+) DEFINE up AS a > 1)
-- invalid: *
SELECT * FROM @t MATCH_RECOGNIZE (PARTITION BY s ORDER BY a MEASURES MAX(up.zz) AS top PATTERN (up+) DEFINE up AS a > 1)
-- case: inner_join
SELECT t.a FROM @t AS t JOIN @u AS u ON t.a = u.a
-- invalid: *
SELECT t.a FROM @t AS t JOIN @u AS u
-- case: join_using
SELECT a FROM @t JOIN @u USING (a)
-- invalid: *
SELECT b FROM @t JOIN @u USING (b)
-- case: left_join
SELECT t.a, u.w FROM @t AS t LEFT OUTER JOIN @u AS u USING (a)
-- invalid: *
SELECT t.a FROM @t AS t LEFT OUTER JOIN @u AS u ON 1
-- case: full_join
SELECT COALESCE(t.a, u.a) AS a FROM @t AS t FULL JOIN @u AS u ON t.a = u.a
-- invalid: ambiguous
SELECT a FROM @t AS t FULL JOIN @u AS u ON t.a = u.a
-- case: cross_join
SELECT t.a FROM @t AS t CROSS JOIN @u AS u
-- invalid: syntax
SELECT t.a FROM @t AS t CROSS JOIN
-- case: comma_join
SELECT t.a FROM @t AS t, @u AS u WHERE t.a = u.a
-- invalid: syntax
SELECT t.a FROM @t AS t,, @u AS u
-- case: join_sequence
SELECT x.a FROM @t AS x JOIN @u AS y ON x.a = y.a RIGHT JOIN @u AS z ON y.a = z.a
-- invalid: unknown-column
SELECT x.a FROM @t AS x JOIN @u AS y ON x.a = z.a JOIN @u AS z ON y.a = z.a
-- case: where_in
SELECT a FROM @t WHERE a IN (SELECT a FROM @u) AND s NOT IN ('x', 'y')
-- invalid: *
SELECT a FROM @t WHERE a IN (SELECT a, s FROM @u)
-- case: where_exists
SELECT a FROM @t AS t WHERE EXISTS (SELECT 1 FROM @u AS u WHERE u.a = t.a)
-- invalid: syntax
SELECT a FROM @t WHERE EXISTS SELECT 1
-- case: group_by
SELECT s, COUNT(*) AS n FROM @t GROUP BY s
-- invalid: aggregation
SELECT s, a, COUNT(*) AS n FROM @t GROUP BY s
-- case: group_by_ordinal
SELECT s, COUNT(*) AS n FROM @t GROUP BY 1
-- invalid: *
SELECT s, COUNT(*) AS n FROM @t GROUP BY 5
-- case: group_by_all
SELECT s, d, COUNT(*) AS n FROM @t GROUP BY ALL
-- invalid: syntax
SELECT s, COUNT(*) AS n FROM @t GROUP ALL
-- case: grouping_sets
SELECT s, d, GROUPING(s) AS g, COUNT(*) AS n FROM @t GROUP BY GROUPING SETS (s, d, ())
-- invalid: *
SELECT s, COUNT(*) AS n FROM @t GROUP BY GROUPING SETS s
-- case: rollup
SELECT s, d, SUM(a) AS n FROM @t GROUP BY ROLLUP (s, d)
-- invalid: *
SELECT s, SUM(a) AS n FROM @t GROUP BY ROLLUP (SUM(a))
-- case: cube
SELECT s, d, SUM(a) AS n FROM @t GROUP BY CUBE (s, d)
-- invalid: syntax
SELECT s, SUM(a) AS n FROM @t GROUP BY CUBE
-- case: having
SELECT s FROM @t GROUP BY s HAVING COUNT(*) > 1
-- invalid: *
SELECT s FROM @t HAVING a > 1
-- case: order_by
SELECT a, s FROM @t ORDER BY s COLLATE 'und:ci' DESC NULLS LAST, 1
-- invalid: *
SELECT a FROM @t ORDER BY zz
-- case: qualify
SELECT a, s FROM @t QUALIFY ROW_NUMBER() OVER (PARTITION BY s ORDER BY a DESC) = 1
-- invalid: *
SELECT a FROM @t QUALIFY a = 1
-- case: window
SELECT SUM(a) OVER last AS x FROM @t WINDOW last AS (PARTITION BY s ORDER BY d ROWS BETWEEN 3 PRECEDING AND CURRENT ROW)
-- invalid: *
SELECT SUM(a) OVER lost AS x FROM @t WINDOW last AS (PARTITION BY s)
-- case: window_range
SELECT AVG(a) OVER (ORDER BY UNIX_DATE(d) RANGE BETWEEN 6 PRECEDING AND CURRENT ROW) AS x FROM @t
-- invalid: *
SELECT AVG(a) OVER (RANGE BETWEEN 6 PRECEDING AND CURRENT ROW) AS x FROM @t
-- case: union_all
SELECT a FROM @t UNION ALL SELECT a FROM @u
-- invalid: column-count
SELECT a FROM @t UNION ALL SELECT a, s FROM @u
-- case: union_by_name
SELECT a, s FROM @t UNION ALL BY NAME SELECT s, a FROM @u
-- invalid: *
SELECT a, s FROM @t UNION ALL BY NAME SELECT s, w FROM @u
-- case: full_union_by_name
SELECT a, b FROM @t FULL OUTER UNION ALL BY NAME SELECT a, w FROM @u
-- invalid: syntax
SELECT a FROM @t FULL OUTER UNION BY NAME SELECT a FROM @u
-- case: corresponding
SELECT a, s FROM @t UNION ALL CORRESPONDING SELECT s, a FROM @u
-- invalid: *
SELECT a FROM @t UNION ALL CORRESPONDING SELECT w FROM @u
-- case: intersect
SELECT a FROM @t INTERSECT DISTINCT SELECT a FROM @u
-- invalid: *
SELECT a FROM @t INTERSECT SELECT a FROM @u
-- case: except
SELECT a FROM @t EXCEPT DISTINCT SELECT a FROM @u
-- invalid: wrong-type,column-count,semantics
SELECT a FROM @t EXCEPT DISTINCT SELECT s FROM @u
-- case: limit_offset
SELECT a FROM @t ORDER BY a LIMIT 10 OFFSET 5
-- invalid: *
SELECT a FROM @t LIMIT 'ten'
-- case: with
WITH x AS (SELECT a FROM @t), y AS (SELECT a FROM x) SELECT a FROM y
-- invalid: missing-object
WITH x AS (SELECT a FROM y), y AS (SELECT 1 AS a) SELECT a FROM x
-- case: with_recursive
WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT n FROM r
-- invalid: *
WITH RECURSIVE r AS (SELECT n + 1 AS n FROM r) SELECT n FROM r
-- case: aggregation_threshold
SELECT WITH AGGREGATION_THRESHOLD OPTIONS (threshold = 50, privacy_unit_column = s) d, COUNT(a) AS n FROM @t GROUP BY d
-- invalid: *
SELECT WITH AGGREGATION_THRESHHOLD OPTIONS (threshold = 50) d, COUNT(a) AS n FROM @t GROUP BY d
-- case: differential_privacy
SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (epsilon = 10.0, delta = 0.01, privacy_unit_column = s) d, COUNT(a) AS n FROM @t GROUP BY d
-- invalid: *
SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (epsilon = 'x', privacy_unit_column = s) d, COUNT(a) AS n FROM @t GROUP BY d
-- case: table_function_call
SELECT a FROM @rows_of(3)
-- invalid: wrong-arguments,wrong-type
SELECT a FROM @rows_of('three')
-- case: function_call
SELECT @plus_one(a) AS x FROM @t
-- invalid: wrong-arguments
SELECT @plus_one(s) AS x FROM @t
-- case: with_expression
SELECT WITH(b AS a + 1, b * 2) AS x FROM @t
-- invalid: *
SELECT WITH(b AS a + 1) AS x FROM @t
-- case: case_expression
SELECT CASE a WHEN 1 THEN 'one' ELSE 'more' END AS x, CASE WHEN a > 1 THEN 2 END AS y FROM @t
-- invalid: *
SELECT CASE a WHEN 'one' THEN 1 END AS x FROM @t
-- case: cast_format
SELECT CAST(d AS STRING FORMAT 'YYYY-MM') AS x, SAFE_CAST(s AS INT64) AS y FROM @t
-- invalid: *
SELECT CAST(d AS INT64) AS x FROM @t
-- case: cast_without_parameters
SELECT CAST(s AS STRING) AS x, CAST(n AS NUMERIC) AS y FROM @t
-- invalid: wrong-type
SELECT CAST(s AS STRING(10)) AS x, CAST(n AS NUMERIC(5, 2)) AS y FROM @t
-- case: is_distinct_from
SELECT a IS NOT DISTINCT FROM b AS x FROM @t
-- invalid: syntax
SELECT a IS DISTINCT b AS x FROM @t
-- case: like_any
SELECT s LIKE ANY ('a%', '%b') AS x, s NOT LIKE ALL UNNEST(['c']) AS y FROM @t
-- invalid: *
SELECT s LIKE ANY (1, 2) AS x FROM @t
-- case: subscripts
SELECT arr[0] AS x, arr[SAFE_OFFSET(1)] AS y, j.key[0] AS z, st.x AS q FROM @t
-- invalid: *
SELECT a[0] AS x FROM @t
-- case: json
SELECT JSON_VALUE(j, '$.a') AS x, j.a.b AS y, LAX_INT64(j.c) AS z, JSON '{"k": 1}' AS q FROM @t
-- invalid: *
SELECT JSON '{"k": ' AS q FROM @t
-- case: interval
SELECT ts + INTERVAL 1 HOUR AS x, INTERVAL '1-2' YEAR TO MONTH AS y, d - INTERVAL 1 DAY AS z FROM @t
-- invalid: *
SELECT ts + INTERVAL 1 FORTNIGHT AS x FROM @t
-- case: range
SELECT RANGE<DATE> '[2026-01-01, UNBOUNDED)' AS x, RANGE_CONTAINS(RANGE(d, NULL), d) AS y FROM @t
-- invalid: *
SELECT RANGE<INT64> '[1, 2)' AS x
-- case: literals
SELECT r'\d' AS a, b'\x00' AS b, '''it's''' AS c, 0xFF AS d, 1.5e3 AS e, NUMERIC '1.5' AS f, DATE '2026-01-01' AS g, 'a' 'b' AS h
-- invalid: *
SELECT DATE '2026-02-30' AS g
-- case: comments
SELECT 1 AS a # one
/* two /* no nesting */ , 2 AS b -- three
-- invalid: syntax
SELECT 1 AS a /* open
-- case: aggregates
SELECT ARRAY_AGG(s IGNORE NULLS ORDER BY a LIMIT 3) AS x, STRING_AGG(DISTINCT s, ',') AS y, ANY_VALUE(s HAVING MAX a) AS z, COUNTIF(ok) AS q FROM @t
-- invalid: *
SELECT SUM(s) AS x FROM @t
-- case: documented_functions
SELECT ARRAY_FIRST(arr) AS x, EUCLIDEAN_DISTANCE([1.0], [2.0]) AS y FROM @t
-- invalid: missing-object
SELECT ARRAY_INCLUDES(arr, 1) AS x FROM @t
-- case: documented_json_functions
SELECT JSON_KEYS(j) AS x FROM @t
-- invalid: missing-object
SELECT JSON_CONTAINS(j, j) AS x FROM @t
-- case: json_is_not_grouped
SELECT TO_JSON_STRING(j) AS x, COUNT(*) AS n FROM @t GROUP BY x
-- invalid: *
SELECT j AS x, COUNT(*) AS n FROM @t GROUP BY j
-- case: safe_functions
SELECT SAFE.SUBSTR(s, 0, -2) AS x, SAFE_DIVIDE(a, b) AS z FROM @t
-- invalid: *
SELECT SAFE.NO_SUCH(s) AS x FROM @t
-- case: named_arguments
SELECT JSON_QUERY(j, '$.a') AS x, PARSE_JSON(s, wide_number_mode => 'round') AS y FROM @t
-- invalid: *
SELECT PARSE_JSON(s, width => 'round') AS y FROM @t
-- case: chained_calls
SELECT (s).UPPER().SUBSTR(1, 2) AS x FROM @t
-- invalid: *
SELECT (s).NO_SUCH() AS x FROM @t
-- case: search_functions
SELECT SEARCH(s, 'x', analyzer => 'NO_OP_ANALYZER') AS x, CONTAINS_SUBSTR(t, 'y') AS y FROM @t AS t
-- invalid: *
SELECT SEARCH(s) AS x FROM @t
-- case: geography
SELECT ST_DISTANCE(ST_GEOGPOINT(1, 2), ST_GEOGFROMTEXT('POINT(1 1)')) AS x
-- invalid: *
SELECT ST_DISTANCE(1, 2) AS x
-- case: information_schema_region
SELECT job_id FROM `{{ project }}`.`region-us`.INFORMATION_SCHEMA.JOBS
-- invalid: *
SELECT jobid FROM `{{ project }}`.`region-us`.INFORMATION_SCHEMA.JOBS
-- case: information_schema_dataset
SELECT table_name FROM `{{ project }}`.`{{ dataset }}`.INFORMATION_SCHEMA.TABLES
-- invalid: *
SELECT tables_name FROM `{{ project }}`.`{{ dataset }}`.INFORMATION_SCHEMA.TABLES
-- case: elsewhere_wildcard
SELECT event_name, _TABLE_SUFFIX AS day FROM `other-project`.`analytics_1`.`events_*` WHERE _TABLE_SUFFIX > '20260101'
-- invalid: unknown-column
SELECT event_nam FROM `other-project`.`analytics_1`.`events_*`
-- case: elsewhere_one_pair_of_backticks
SELECT word FROM `bigquery-public-data.samples.shakespeare`
-- invalid: missing-object
SELECT word FROM `bigquery-public-data.samples.marlowe`
-- case: elsewhere_region_view
SELECT total_rows FROM `{{ project }}`.`region-us`.INFORMATION_SCHEMA.TABLE_STORAGE
-- invalid: unknown-column
SELECT rows_total FROM `{{ project }}`.`region-us`.INFORMATION_SCHEMA.TABLE_STORAGE
-- case: union_of_stars
SELECT * FROM @u UNION ALL SELECT * FROM @u WHERE a > 1
-- invalid: column-order
SELECT * FROM @u UNION ALL SELECT a, s, a FROM @t
-- case: union_of_star_in_with
WITH x AS (SELECT * FROM @u) SELECT a, s, w FROM x UNION ALL SELECT a, s, b FROM @t
-- invalid: column-order
WITH x AS (SELECT * FROM @u) SELECT * FROM x UNION ALL SELECT a, s, b FROM @t
-- case: union_of_star_in_parentheses
(SELECT a, s FROM (SELECT * FROM @u)) UNION ALL (SELECT a, s FROM @t)
-- invalid: column-order
(SELECT * FROM (SELECT * FROM @u)) UNION ALL (SELECT a, s, b FROM @t)
-- case: star_of_a_table
SELECT * FROM @u
-- invalid: column-order
SELECT * FROM @u UNION ALL SELECT 1, 's', 2
-- case: union_of_star_of_a_view
SELECT a, s, w FROM @star UNION ALL SELECT a, s, b FROM @t
-- invalid: column-order
SELECT * FROM @star UNION ALL SELECT a, s, b FROM @t
-- case: union_of_another_star
SELECT x.a, x.s FROM @u AS x JOIN @keyed AS k ON k.id = x.a UNION ALL SELECT k.* FROM (SELECT 1 AS id, 'x' AS label) AS k
-- invalid: column-order
SELECT k.* FROM @u AS x JOIN @keyed AS k ON k.id = x.a UNION ALL SELECT a, s FROM @t
-- case: union_of_stars_by_name
SELECT * FROM @u UNION ALL BY NAME SELECT s, w, a FROM @u
-- invalid: column-order
SELECT * FROM (SELECT * FROM @u UNION ALL SELECT k.id, x.s, x.w FROM @u AS x JOIN @keyed AS k ON k.id = x.a)
-- case: vector_search
SELECT query.k, base.a, distance FROM VECTOR_SEARCH((SELECT a, [f, 1.0] AS e FROM @t WHERE a > 1), 'e', (SELECT 'x' AS k, [1.0, 2.0] AS other), 'other', top_k => 2, distance_type => 'COSINE', options => '{"use_brute_force": true}')
-- invalid: unknown-column
SELECT query.k, base.zz FROM VECTOR_SEARCH(TABLE @t, 'arr', (SELECT 'x' AS k, [1.0, 2.0] AS other), query_column_to_search => 'other')
-- case: vector_search_single
SELECT base.a, distance FROM VECTOR_SEARCH(TABLE @t, 'arr', query_value => [1.0, 2.0], top_k => 3)
-- invalid: wrong-arguments
SELECT base.a FROM VECTOR_SEARCH(TABLE @t, 'arr', query_value => [1.0, 2.0], topk => 3)
-- case: ai_search
SELECT base.s, distance FROM AI.SEARCH(TABLE @t, 's', 'something', mode => 'HYBRID', top_k => 3)
-- invalid: unknown-column
SELECT base.zz FROM AI.SEARCH(TABLE @t, 's', 'something')
-- case: appends
SELECT a, _CHANGE_TYPE AS change, _CHANGE_TIMESTAMP AS moment FROM APPENDS(TABLE @t, NULL, NULL)
-- invalid: wrong-arguments
SELECT a FROM APPENDS(TABLE @t, 5)
-- case: changes
SELECT a, _CHANGE_TYPE AS change, _CHANGE_IS_FOR_UPDATE AS is_half FROM CHANGES(TABLE @t, NULL, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 10 MINUTE))
-- invalid: unknown-column
SELECT a, _CHANGE_KIND AS change FROM CHANGES(TABLE @t, NULL, NULL)
-- case: gap_fill
SELECT dt, a FROM GAP_FILL(TABLE @t, ts_column => 'dt', bucket_width => INTERVAL 1 DAY, value_columns => [('a', 'locf')], origin => DATETIME '2026-01-01 00:00:00')
-- invalid: wrong-arguments
SELECT dt FROM GAP_FILL(TABLE @t, 'dt', 1)
-- case: ml_functions
SELECT ML.DISTANCE([1.0], [f], 'COSINE') AS c, ML.LP_NORM(arr, 2) AS n, ML.BUCKETIZE(a, [1, 2, 3], FALSE, 'bucket_ranges') AS e, ML.NGRAMS(['x', 'y'], [1, 2]) AS g, ML.HASH_BUCKETIZE(s, 3) AS h, ML.NORMALIZER([f]) AS k FROM @t
-- invalid: wrong-arguments
SELECT ML.HASH_BUCKETIZE(s, s) AS h FROM @t
-- case: ml_scalers
SELECT ML.MIN_MAX_SCALER(a) OVER () AS m, ML.IMPUTER(s, 'most_frequent') OVER () AS i, ML.QUANTILE_BUCKETIZE(a, 3) OVER () AS q, ML.LABEL_ENCODER(s) OVER () AS l FROM @t
-- invalid: wrong-arguments
SELECT ML.STANDARD_SCALER(s) OVER () AS m FROM @t
-- case: range_sessionize
SELECT a, RANGE_START(session_range) AS first_day FROM RANGE_SESSIONIZE((SELECT a, RANGE(d, NULL) AS r FROM @t), 'r', ['a'], 'OVERLAPS')
-- invalid: unknown-column
SELECT session_range FROM RANGE_SESSIONIZE(TABLE @t, 'zz', ['a'])
-- case: range_sessionize_type
SELECT DATE_DIFF(RANGE_END(session_range), d, DAY) AS days FROM RANGE_SESSIONIZE((SELECT d, RANGE(d, DATE_ADD(d, INTERVAL 1 DAY)) AS r FROM @t), 'r', ['d'])
-- invalid: *
SELECT session_range FROM RANGE_SESSIONIZE(TABLE @t, 'd', ['a'])
-- case: text_analysis
SELECT TEXT_ANALYZE(s, analyzer => 'NO_OP_ANALYZER') AS words, (SELECT MAX(one.count) FROM UNNEST(BAG_OF_WORDS(['a'])) AS one) AS most, TF_IDF(['x'], 10) OVER () AS weights FROM @t
-- invalid: wrong-arguments
SELECT BAG_OF_WORDS(s) AS words FROM @t
-- case: dlp
SELECT DLP_DETERMINISTIC_ENCRYPT(DLP_KEY_CHAIN('gcp-kms://k', b'x'), s, '', 'aad') AS hidden FROM @t
-- invalid: wrong-arguments
SELECT DLP_DETERMINISTIC_ENCRYPT(DLP_KEY_CHAIN('gcp-kms://k', b'x'), a, '') AS hidden FROM @t
-- case: system_variables
SELECT @@current_job_id AS job, @@session_id AS session, @@project_id AS project
-- invalid: unknown-column
SELECT @@session AS session
-- case: system_variables_of_the_job
SELECT @@location AS place, @@reservation AS reservation
-- invalid: unknown-column
SELECT @@region AS place
