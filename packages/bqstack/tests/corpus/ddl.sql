-- kind: tables
-- case: table_types
(a INT64, b FLOAT64, c NUMERIC, d BIGNUMERIC, e BOOL, f STRING, g BYTES, h DATE, i TIME, j DATETIME, k TIMESTAMP, l JSON, m GEOGRAPHY, n INTERVAL, o ARRAY<INT64>, p STRUCT<q INT64, r ARRAY<STRUCT<s STRING>>>)
-- invalid: wrong-type
(a INT65)
-- case: table_aliases
(a BIGINT, b INT, c SMALLINT, d INTEGER, e TINYINT, f BYTEINT, g DECIMAL, h BIGDECIMAL, i BOOLEAN)
-- invalid: wrong-type
(a LONG)
-- case: table_range
(a RANGE<DATE>, b RANGE<TIMESTAMP>, c ARRAY<RANGE<DATETIME>>)
-- invalid: wrong-type
(a RANGE<INT64>)
-- case: table_parameters
(a STRING(10), b BYTES(5), c NUMERIC(10, 2), d BIGDECIMAL(20), e DECIMAL(5))
-- invalid: *
(a STRING(0))
-- case: table_not_null
(a INT64 NOT NULL, b ARRAY<STRING NOT NULL>, c STRUCT<d STRING NOT NULL>)
-- invalid: *
(a INT64 NOT)
-- case: table_defaults
(a INT64 DEFAULT 1, b STRING DEFAULT 'x' NOT NULL, c TIMESTAMP DEFAULT CURRENT_TIMESTAMP() OPTIONS (description = 'when'), d BOOL DEFAULT TRUE, e STRING DEFAULT SESSION_USER(), g FLOAT64 DEFAULT -1.5)
-- invalid: *
(a INT64 DEFAULT 'one')
-- case: table_default_function
(a STRING DEFAULT GENERATE_UUID(), b FLOAT64 DEFAULT RAND())
-- invalid: semantics
(a STRING DEFAULT CONCAT('a', 'b'))
-- case: table_default_array
(a ARRAY<DATE> DEFAULT [CURRENT_DATE(), DATE '2020-01-01'])
-- invalid: *
(a ARRAY<DATE> DEFAULT ['x'])
-- case: table_default_struct
(a STRUCT<x FLOAT64, y STRING> DEFAULT (RAND(), 'y'))
-- invalid: semantics
(a STRUCT<x FLOAT64, y STRING> DEFAULT (ABS(-1), 'y'))
-- case: table_default_own_function
(a INT64 DEFAULT 2)
-- invalid: semantics
(a INT64 DEFAULT @plus_one(1))
-- case: table_default_null
(a INT64 DEFAULT NULL, b INT64 DEFAULT 1 NOT NULL)
-- invalid: semantics
(a INT64 DEFAULT NULL NOT NULL)
-- case: table_array_of_values
(a ARRAY<INT64>, b STRUCT<x ARRAY<STRING>>)
-- invalid: file
(a ARRAY<INT64> NOT NULL)
-- case: table_length
(a STRING(5))
-- invalid: *
(a STRING(MAX))
-- case: table_precision
(a TIMESTAMP)
-- invalid: *
(a TIMESTAMP(12))
-- case: table_flexible_names
(`a b` INT64, `1st` INT64, `naïve-ish` STRING, `列` DATE, `50%` FLOAT64)
-- invalid: file
(`a!` INT64)
-- case: table_reserved_names
(_partial INT64, table_ INT64, file_name STRING)
-- invalid: file
(a INT64, _PARTITIONTIME TIMESTAMP)
-- case: table_reserved_field
(a STRUCT<change_type STRING>)
-- invalid: file
(a STRUCT<_CHANGE_TYPE STRING>)
-- case: table_options
(a INT64 OPTIONS (description = 'an a')) OPTIONS (description = 'the '   'table')
-- invalid: file
(a INT64) OPTIONS (description = 5)
-- case: table_partition_date
(d DATE, a INT64) PARTITION BY d OPTIONS (partition_expiration_days = 30, require_partition_filter = TRUE)
-- invalid: file
(d DATE, a INT64) OPTIONS (partition_expiration_days = 30)
-- case: table_partition_bare
(d DATE) PARTITION BY d
-- invalid: file
(d TIMESTAMP) PARTITION BY d
-- case: table_partition_date_of_datetime
(d DATETIME) PARTITION BY DATE(d)
-- invalid: file
(d DATE) PARTITION BY DATE(d)
-- case: table_partition_trunc_of_its_type
(d DATETIME) PARTITION BY DATETIME_TRUNC(d, DAY)
-- invalid: *
(d TIMESTAMP) PARTITION BY DATE_TRUNC(d, MONTH)
-- case: table_partition_of_a_value
(d DATE, e ARRAY<DATE>) PARTITION BY d
-- invalid: *
(d DATE, e ARRAY<DATE>) PARTITION BY e
-- case: table_partition_expiration
(d DATE) PARTITION BY d OPTIONS (partition_expiration_days = 0.5)
-- invalid: file
(d DATE) PARTITION BY d OPTIONS (partition_expiration_days = 0)
-- case: table_cluster_types
(a RANGE<DATE>, b GEOGRAPHY, c BIGNUMERIC, d DATETIME) CLUSTER BY a, b, c, d
-- invalid: *
(a BYTES) CLUSTER BY a
-- case: table_cluster_of_values
(a INT64, b ARRAY<INT64>) CLUSTER BY a
-- invalid: *
(a INT64, b ARRAY<INT64>) CLUSTER BY b
-- case: table_cluster_once
(a INT64, b INT64) CLUSTER BY a, b
-- invalid: file
(a INT64) CLUSTER BY a, A
-- case: table_partition_timestamp
(ts TIMESTAMP) PARTITION BY DATE(ts)
-- invalid: *
(ts TIMESTAMP) PARTITION BY DATE(zz)
-- case: table_partition_hour
(ts TIMESTAMP, dt DATETIME) PARTITION BY TIMESTAMP_TRUNC(ts, HOUR)
-- invalid: file
(ts TIMESTAMP) PARTITION BY TIMESTAMP_TRUNC(ts, WEEK)
-- case: table_partition_month
(d DATE) PARTITION BY DATE_TRUNC(d, MONTH)
-- invalid: file
(d DATE) PARTITION BY EXTRACT(MONTH FROM d)
-- case: table_partition_datetime
(dt DATETIME) PARTITION BY DATETIME_TRUNC(dt, YEAR)
-- invalid: file
(n INT64) PARTITION BY n, n
-- case: table_cluster
(a INT64, b STRING, c DATE, d BOOL) CLUSTER BY a, b, c, d
-- invalid: file
(a INT64, b INT64, c INT64, d INT64, e INT64) CLUSTER BY a, b, c, d, e
-- case: table_primary_key
(a INT64, b STRING, PRIMARY KEY (a, b) NOT ENFORCED)
-- invalid: file
(a INT64, PRIMARY KEY (a))
-- case: table_column_key
(a INT64 PRIMARY KEY NOT ENFORCED, b STRING)
-- invalid: semantics
(a INT64 PRIMARY KEY NOT ENFORCED, b STRING PRIMARY KEY NOT ENFORCED)
-- case: table_key_types
(a BYTES, b BOOL, PRIMARY KEY (a, b) NOT ENFORCED)
-- invalid: *
(a FLOAT64, PRIMARY KEY (a) NOT ENFORCED)
-- case: table_key_of_another
(id INT64, p INT64 REFERENCES @keyed(id) NOT ENFORCED, PRIMARY KEY (id) NOT ENFORCED)
-- invalid: *
(id INT64, p INT64 REFERENCES @table_key_of_another(id) NOT ENFORCED, PRIMARY KEY (id) NOT ENFORCED)
-- case: table_foreign_key
(a INT64 NOT NULL, k INT64, CONSTRAINT to_keyed FOREIGN KEY (k) REFERENCES @keyed (id) NOT ENFORCED)
-- invalid: file,semantics
(k STRING, FOREIGN KEY (k) REFERENCES @keyed (id) NOT ENFORCED)
-- case: table_references
(k INT64 REFERENCES @keyed(id) NOT ENFORCED)
-- invalid: file,semantics
(k INT64 REFERENCES @keyed(label) NOT ENFORCED)
-- case: table_names
(`order` INT64, `select` STRING, date DATE, options STRING, key STRING, primary_ STRING, constraint STRING)
-- invalid: *
(order INT64)
-- case: table_trailing_comma
(a INT64, b INT64,)
-- invalid: *
(INT64 a)
-- case: table_layout
(
    a INT64,  -- one (
    /* two ; */ b STRING
)
-- invalid: *
(a INT64 b STRING)
-- case: table_duplicate
(a INT64, b INT64)
-- invalid: duplicate
(a INT64, A STRING)
-- kind: functions
-- case: function_plain
(x INT64) RETURNS INT64 AS (x + 1)
-- invalid: *
(x INT64) RETURNS STRING AS (x + 1)
-- case: function_options_behind
(x INT64) RETURNS INT64 AS (x + 1) OPTIONS (description = 'one more')
-- invalid: *
(x INT64) RETURNS INT64 AS (x + 1) OPTION (description = 'one more')
-- case: function_without_result
(x ANY TYPE, y ANY TYPE) AS (x + y)
-- invalid: *
(x ANYTYPE) AS (x)
-- case: function_struct
(x STRUCT<a INT64, b ARRAY<STRING>>) AS (x.a + ARRAY_LENGTH(x.b))
-- invalid: unknown-column
(x STRUCT<a INT64>) AS (x.zz)
-- case: function_subquery
(x INT64) AS ((SELECT MAX(s) FROM @t WHERE a = x))
-- invalid: *
(x INT64) AS (SELECT MAX(s) FROM @t WHERE a = x)
-- case: function_with
(a INT64) AS (WITH(b AS a + 1, b * 2))
-- invalid: *
(a INT64) AS (WITH(b AS a + 1, c * 2))
-- case: function_aliases
(a BIGINT, b DECIMAL) RETURNS BIGDECIMAL AS (a + b)
-- invalid: wrong-type
(a NUMBER) AS (a)
-- case: function_comparisons
(a INT64, b INT64) RETURNS BOOL AS (a < b AND b > 1 OR a << 2 >= b)
-- invalid: *
(a INT64, b STRING) RETURNS BOOL AS (a < b)
-- case: function_any_type
(x ANY TYPE, y ANY TYPE) AS (IFNULL(x, y))
-- invalid: syntax
(x ANY TYPE) AS (x +)
-- case: function_over_any_type
(x INT64) AS (@same(x) + LENGTH(@same('x')))
-- invalid: *
(x INT64) AS (LENGTH(@same(x)))
-- case: function_not_of_itself
(x INT64) AS (IF(x > 0, @plus_one(x), 0))
-- invalid: file
(x INT64) AS (IF(x > 0, @function_not_of_itself(x - 1), 0))
-- case: function_argument_names
(x INT64, y INT64) AS (x + y)
-- invalid: *
(x INT64, X INT64) AS (x)
-- case: function_language_sql
(a INT64) AS (a)
-- invalid: file
(a INT64 DEFAULT 3) AS (a)
-- kind: table_functions
-- case: table_function_plain
(y INT64) AS SELECT a, s FROM @t WHERE a = y
-- invalid: *
(y INT64) AS SELECT zz FROM @t
-- case: table_function_returns
(y INT64) RETURNS TABLE<a INT64, s STRING> AS SELECT a, s FROM @t WHERE a = y
-- invalid: *
(y INT64) RETURNS TABLE<a INT64, s STRING> AS SELECT a FROM @t
-- case: table_function_parentheses
(y INT64) OPTIONS (description = 'rows') AS (WITH x AS (SELECT a FROM @t) SELECT a FROM x WHERE a = y)
-- invalid: syntax
(y INT64) AS (SELECT a FROM @t
-- case: table_function_any_type
(x ANY TYPE) AS SELECT a, x AS given FROM @t
-- invalid: *
(x ANY TYPE) AS SELECT a x given FROM @t
-- case: table_function_over_any_type
(x INT64) AS SELECT given + 1 AS more FROM @one_row(x)
-- invalid: *
(x INT64) AS SELECT gives + 1 AS more FROM @one_row(x)
-- case: table_function_names
(x INT64) AS SELECT 1 AS a, 2 AS b
-- invalid: duplicate
(x INT64) AS SELECT 1 AS a, 2 AS A
-- case: table_function_pipe
(y INT64) AS FROM @t |> WHERE a = y |> SELECT a
-- invalid: *
(y INT64) AS FROM @t |> WHERE a = y |> SELECT zz
-- kind: views_
-- case: view_options
OPTIONS (description = r'a\b') AS SELECT a FROM @t
-- invalid: file
OPTIONS (description = CONCAT('a', 'b')) AS SELECT a FROM @t
-- case: view_parentheses
AS (SELECT a FROM @t)
-- invalid: syntax
AS (SELECT a FROM @t
-- case: view_names
AS SELECT a AS `order`, s AS options FROM @t
-- invalid: syntax
AS SELECT a AS order FROM @t
-- case: view_of_another
AS SELECT a FROM @v
-- invalid: file
AS SELECT a FROM @view_of_another
-- case: view_column_names
AS SELECT 1 AS partition_date
-- invalid: semantics
AS SELECT CURRENT_DATE() AS _PARTITIONDATE
-- case: view_one_statement
AS SELECT ';' AS mark
-- invalid: syntax
AS SELECT 1 AS a; SELECT 2
-- kind: procedures_
-- case: procedure_arguments
(x INT64, IN y STRING, OUT z DATE, INOUT n NUMERIC) BEGIN SET z = CURRENT_DATE(); SET n = n + x; END
-- invalid: *
(x INT64, OUT z DATE) BEGIN SET z = 'today'; END
-- case: procedure_argument_named_in
(`in` INT64, `out` INT64, INOUT `inout` INT64) BEGIN SET `inout` = `in`; END
-- invalid: *
(IN INT64) BEGIN SELECT 1; END
-- case: procedure_options
() OPTIONS (description = 'nothing') BEGIN SELECT 1; END
-- invalid: file
() OPTIONS (strict_mode = FALSE) BEGIN SELECT 1; END
-- case: procedure_argument_names
(x INT64, y INT64) BEGIN SELECT x + y; END
-- invalid: *
(x INT64, X INT64) BEGIN SELECT x; END
-- case: procedure_variable_names
(x INT64) BEGIN DECLARE y INT64 DEFAULT x; SELECT y; END
-- invalid: duplicate
(x INT64) BEGIN DECLARE X INT64; SELECT x; END
-- case: procedure_handler
() BEGIN SELECT 1; EXCEPTION WHEN ERROR THEN SELECT @@error.message; END
-- invalid: *
() BEGIN SELECT 1; EXCEPTION WHEN ERROR THEN SELECT zz; END
-- case: procedure_begin_inside
() BEGIN BEGIN SELECT 1; END; END
-- invalid: *
() BEGIN SELECT 1; END; SELECT 2
-- kind: materialized_views
-- case: mv_aggregate
AS SELECT s, COUNT(*) AS n, SUM(a) AS total, APPROX_COUNT_DISTINCT(b) AS few FROM @t GROUP BY s
-- invalid: materialized-view
AS SELECT s, COUNT(*) / 2 AS half FROM @t GROUP BY s
-- case: mv_plain
AS SELECT a, UPPER(s) AS s FROM @t WHERE a > 1
-- invalid: materialized-view
AS SELECT a, RAND() AS r FROM @t
-- case: mv_options
CLUSTER BY s OPTIONS (description = 'x', enable_refresh = FALSE, refresh_interval_minutes = 30) AS SELECT s FROM @t
-- invalid: file
OPTIONS (refresh_interval_minutes = 'often') AS SELECT s FROM @t
-- case: mv_refresh
OPTIONS (refresh_interval_minutes = 1) AS SELECT s FROM @t
-- invalid: file
OPTIONS (refresh_interval_minutes = 20000) AS SELECT s FROM @t
-- case: mv_partition
PARTITION BY d AS SELECT d, COUNT(*) AS n FROM @days GROUP BY d
-- invalid: materialized-view
PARTITION BY d AS SELECT d, COUNT(*) AS n FROM @t GROUP BY d
-- case: mv_join
AS SELECT t.a, u.w FROM @t AS t JOIN @u AS u ON t.a = u.a
-- invalid: materialized-view
AS SELECT t.a, u.w FROM @t AS t LEFT JOIN @u AS u ON t.a = u.a
-- case: mv_cte
AS WITH x AS (SELECT a, s FROM @t WHERE a > 1) SELECT s, SUM(a) AS total FROM x GROUP BY s
-- invalid: materialized-view
AS SELECT x.a FROM @t AS x JOIN @t AS y ON x.a = y.b
-- case: mv_unnest
AS SELECT t.a, x FROM @t AS t, UNNEST(t.arr) AS x
-- invalid: materialized-view
AS SELECT a, ROW_NUMBER() OVER (ORDER BY a) AS place FROM @t
-- case: mv_distinct
AS SELECT DISTINCT s FROM @t
-- invalid: materialized-view
AS SELECT s FROM @t ORDER BY s LIMIT 1
-- case: mv_extremes
AS SELECT s, MAX_BY(a, b) AS last, ANY_VALUE(a) AS one FROM @t GROUP BY s
-- invalid: materialized-view
AS SELECT s, STRING_AGG(s, ',') AS all_of FROM @t GROUP BY s
-- case: mv_no_union
AS SELECT a FROM @t
-- invalid: materialized-view
AS SELECT a FROM @t UNION ALL SELECT a FROM @u
-- case: mv_no_function
AS SELECT a + 1 AS a FROM @t
-- invalid: materialized-view
AS SELECT @plus_one(a) AS a FROM @t
-- case: mv_no_having
AS SELECT s, COUNT(*) AS n FROM @t GROUP BY s
-- invalid: materialized-view
AS SELECT s, COUNT(*) AS n FROM @t GROUP BY s HAVING COUNT(*) > 1
-- case: mv_no_array_subquery
AS SELECT a FROM @t WHERE s IS NOT NULL
-- invalid: materialized-view
AS SELECT ARRAY(SELECT x FROM UNNEST(arr) AS x) AS x FROM @t
-- case: mv_no_sample
AS SELECT a, b FROM @t
-- invalid: materialized-view
AS SELECT a FROM @t TABLESAMPLE SYSTEM (1 PERCENT)
-- case: mv_no_view
AS SELECT s FROM @u
-- invalid: materialized-view
AS SELECT a FROM @v
