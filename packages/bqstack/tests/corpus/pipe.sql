-- kind: views
-- case: pipe_from
FROM @t
-- invalid: syntax
FROM
-- case: pipe_select
FROM @t |> SELECT a, s AS name
-- invalid: unknown-column
FROM @t |> SELECT zz
-- case: pipe_extend
FROM @t |> EXTEND a + b AS total, SUM(a) OVER () AS whole
-- invalid: *
FROM @t |> EXTEND SUM(a) AS whole
-- case: pipe_set
FROM @u |> SET w = w + 1
-- invalid: *
FROM @u |> SET zz = 1
-- case: pipe_drop
FROM @t |> DROP a, b
-- invalid: *
FROM @t |> DROP zz
-- case: pipe_rename
FROM @u |> RENAME w AS weight
-- invalid: *
FROM @u |> RENAME zz AS weight
-- case: pipe_as
FROM @t |> AS x |> SELECT x.a
-- invalid: unknown-column
FROM @t |> AS x |> SELECT y.a
-- case: pipe_where
FROM @t |> WHERE a > 1 |> WHERE s = 'x'
-- invalid: wrong-type
FROM @t |> WHERE a
-- case: pipe_aggregate
FROM @t |> AGGREGATE COUNT(*) AS n, SUM(a) AS total GROUP BY s, d AS day
-- invalid: *
FROM @t |> AGGREGATE a GROUP BY s
-- case: pipe_aggregate_ordered
FROM @t |> AGGREGATE COUNT(*) AS n DESC GROUP AND ORDER BY s ASC
-- invalid: syntax
FROM @t |> AGGREGATE COUNT(*) AS n GROUP ORDER BY s
-- case: pipe_distinct
FROM @t |> SELECT a, s |> DISTINCT
-- invalid: syntax
FROM @t |> DISTINCT a
-- case: pipe_join
FROM @t AS t |> LEFT JOIN @u AS u ON t.a = u.a |> SELECT t.a, u.w
-- invalid: *
FROM @t AS t |> LEFT JOIN @u AS u ON t.a = u.zz
-- case: pipe_order_by
FROM @t |> ORDER BY a DESC
-- invalid: syntax
FROM @t |> ORDER a
-- case: pipe_limit
FROM @t |> LIMIT 10 OFFSET 2
-- invalid: *
FROM @t |> LIMIT ten
-- case: pipe_union
FROM @t |> SELECT a |> UNION ALL (SELECT a FROM @u), (SELECT 3)
-- invalid: *
FROM @t |> SELECT a |> UNION ALL (SELECT s FROM @u)
-- case: pipe_union_by_place
FROM @u |> SELECT a, s, w |> UNION ALL (SELECT a, s, b FROM @t)
-- invalid: column-order
FROM @u |> WHERE a > 1 |> UNION ALL (SELECT a, s, b FROM @t)
-- case: pipe_intersect
FROM @t |> SELECT a |> INTERSECT DISTINCT (SELECT a FROM @u)
-- invalid: syntax
FROM @t |> SELECT a |> INTERSECT (SELECT a FROM @u)
-- case: pipe_except
FROM @t |> SELECT a |> EXCEPT DISTINCT (SELECT a FROM @u)
-- invalid: *
FROM @t |> SELECT a |> EXCEPT DISTINCT (SELECT a, s FROM @u)
-- case: pipe_tablesample
FROM @t |> TABLESAMPLE SYSTEM (1 PERCENT)
-- invalid: *
FROM @t |> TABLESAMPLE (1 PERCENT)
-- case: pipe_with
FROM @t |> WITH few AS (SELECT a FROM @u) |> JOIN few USING (a)
-- invalid: *
FROM @t |> WITH few AS (SELECT zz FROM @u) |> JOIN few USING (a)
-- case: pipe_pivot
FROM @t |> SELECT s, a |> PIVOT (SUM(a) FOR s IN ('x', 'y'))
-- invalid: *
FROM @t |> SELECT s, a |> PIVOT (a FOR s IN ('x'))
-- case: pipe_unpivot
FROM @t |> SELECT s, a, b |> UNPIVOT (v FOR k IN (a, b))
-- invalid: *
FROM @t |> SELECT s, a |> UNPIVOT (v FOR k IN (a, zz))
-- case: pipe_match_recognize
FROM @t |> MATCH_RECOGNIZE (PARTITION BY s ORDER BY a MEASURES MAX(up.a) AS top PATTERN (up+) DEFINE up AS a > 1)
-- invalid: *
FROM @t |> MATCH_RECOGNIZE (PARTITION BY s ORDER BY a MEASURES MAX(up.a) AS top PATTERN (down+) DEFINE up AS a > 1)
-- case: pipe_behind_select
SELECT a, s FROM @t WHERE a > 1 |> AGGREGATE COUNT(*) AS n GROUP BY s
-- invalid: syntax
SELECT a FROM @t > AGGREGATE COUNT(*)
-- case: pipe_window
FROM @t |> EXTEND RANK() OVER (PARTITION BY s ORDER BY a) AS place |> WHERE place = 1
-- invalid: *
FROM @t |> EXTEND RANK() AS place
-- case: pipe_unnest
FROM @t |> JOIN UNNEST(arr) AS x |> SELECT x
-- invalid: *
FROM @t |> JOIN UNNEST(a) AS x |> SELECT x
-- case: pipe_no_assert
FROM @t |> WHERE a > 0
-- invalid: *
FROM @t |> ASSERT a > 0
-- case: pipe_no_fork
FROM @t |> SELECT a
-- invalid: *
FROM @t |> FORK (|> SELECT a), (|> SELECT b)
