-- kind: procedures
-- case: declare
DECLARE x, y INT64 DEFAULT 1; DECLARE z DEFAULT 'text'; SET x = y + LENGTH(z);
-- invalid: *
DECLARE x INT64 DEFAULT 'one'; SET x = 1;
-- case: declare_alias_types
DECLARE a BIGINT; DECLARE b SMALLINT; DECLARE c DECIMAL(10, 2); DECLARE d RANGE<DATE>; SET a = b;
-- invalid: wrong-type
DECLARE a HUGEINT; SET a = 1;
-- case: set
DECLARE x INT64; SET x = (SELECT MAX(a) FROM @t);
-- invalid: *
DECLARE x INT64; SET x = (SELECT s FROM @t LIMIT 1);
-- case: set_many
DECLARE x INT64; DECLARE y STRING; SET (x, y) = (1, 'two'); SET (x, y) = (SELECT AS STRUCT 1, 'two');
-- invalid: *
DECLARE x INT64; DECLARE y STRING; SET (x, y) = (1, 2, 3);
-- case: set_system_variable
SET @@query_label = 'a:b'; SET @@time_zone = 'UTC';
-- invalid: *
SET @@no_such = 1;
-- case: execute_immediate
DECLARE n INT64; EXECUTE IMMEDIATE 'SELECT @value + 1' INTO n USING 2 AS value;
-- invalid: dynamic-sql
DECLARE name STRING DEFAULT 't'; EXECUTE IMMEDIATE 'DELETE FROM ' || name;
-- case: block
BEGIN DECLARE x INT64 DEFAULT 1; SELECT x; END;
-- invalid: *
BEGIN DECLARE x INT64 DEFAULT 1; END; SELECT x;
-- case: exception
BEGIN SELECT ERROR('no'); EXCEPTION WHEN ERROR THEN SELECT @@error.message, @@error.statement_text; RAISE; END;
-- invalid: syntax
BEGIN SELECT 1; EXCEPTION WHEN TROUBLE THEN SELECT 2; END;
-- case: case_statement
CASE WHEN EXISTS (SELECT 1 FROM @t) THEN SELECT 1; ELSE SELECT 2; END CASE;
-- invalid: *
CASE WHEN 1 THEN SELECT 1; END CASE;
-- case: case_search
DECLARE x INT64 DEFAULT 1; CASE x WHEN 1 THEN SELECT 'one'; WHEN 2 THEN SELECT 'two'; END CASE;
-- invalid: *
DECLARE x INT64 DEFAULT 1; CASE x WHEN 'one' THEN SELECT 1; END CASE;
-- case: if
IF (SELECT COUNT(*) > 0 FROM @t) THEN SELECT 1; ELSEIF FALSE THEN SELECT 2; ELSE SELECT 3; END IF;
-- invalid: wrong-type
IF (SELECT COUNT(*) FROM @t) THEN SELECT 1; END IF;
-- case: loop
DECLARE x INT64 DEFAULT 0; LOOP SET x = x + 1; IF x > 3 THEN LEAVE; END IF; CONTINUE; END LOOP;
-- invalid: syntax
DECLARE x INT64 DEFAULT 0; LOOP SET x = x + 1; END;
-- case: nested_loops
LOOP LOOP LEAVE; END LOOP; BREAK; END LOOP;
-- invalid: semantics
LOOP LOOP LEAVE; END LOOP; BREAK; END LOOP; CONTINUE;
-- case: label_of_a_loop
DECLARE n INT64 DEFAULT 0; one: LOOP SET n = n + 1; two: LOOP IF n < 3 THEN CONTINUE one; END IF; LEAVE one; END LOOP two; END LOOP one; ASSERT n = 3;
-- invalid: semantics
LOOP LEAVE one; END LOOP;
-- case: label_of_a_block
one: BEGIN SELECT 1; BREAK one; END one;
-- invalid: semantics
one: BEGIN CONTINUE one; END one;
-- case: label_of_while_and_for
one: WHILE TRUE DO two: FOR r IN (SELECT 1 AS x) DO LEAVE one; END FOR two; END WHILE one;
-- invalid: duplicate
one: WHILE TRUE DO ONE: FOR r IN (SELECT 1 AS x) DO LEAVE one; END FOR; END WHILE one;
-- case: label_of_repeat
one: REPEAT LEAVE one; UNTIL TRUE END REPEAT;
-- invalid: *
one: REPEAT LEAVE one; UNTIL TRUE END REPEAT two;
-- case: declare_first
BEGIN DECLARE x INT64; SELECT x; END; BEGIN DECLARE x STRING; SELECT x; END;
-- invalid: semantics
SELECT 1; DECLARE x INT64; SELECT x;
-- case: declare_once
DECLARE x INT64; BEGIN DECLARE y INT64; SET x = y; END;
-- invalid: duplicate
DECLARE x INT64; BEGIN DECLARE X INT64; SET x = 1; END;
-- case: raise_again
BEGIN SELECT 1; EXCEPTION WHEN ERROR THEN IF TRUE THEN RAISE; END IF; END;
-- invalid: semantics
BEGIN RAISE; EXCEPTION WHEN ERROR THEN SELECT 1; END;
-- case: no_explain
SELECT 1;
-- invalid: semantics
EXPLAIN SELECT 1;
-- case: repeat
DECLARE x INT64 DEFAULT 0; REPEAT SET x = x + 1; UNTIL x >= 3 END REPEAT;
-- invalid: *
DECLARE x INT64 DEFAULT 0; REPEAT SET x = x + 1; UNTIL x END REPEAT;
-- case: while
DECLARE x INT64 DEFAULT 0; WHILE x < 3 DO SET x = x + 1; ITERATE; END WHILE;
-- invalid: *
WHILE 1 DO BREAK; END WHILE;
-- case: for_in
FOR r IN (SELECT a, s FROM @t) DO SELECT r.a, r.s; END FOR;
-- invalid: *
FOR r IN (SELECT a FROM @t) DO SELECT r.zz; END FOR;
-- case: transaction
BEGIN TRANSACTION; INSERT INTO @u (a) VALUES (1); COMMIT TRANSACTION;
-- invalid: *
BEGIN TRANSACTION; INSERT INTO @u (zz) VALUES (1); COMMIT TRANSACTION;
-- case: rollback
BEGIN BEGIN TRANSACTION; SELECT 1; COMMIT; EXCEPTION WHEN ERROR THEN ROLLBACK TRANSACTION; END;
-- invalid: syntax
ROLLBACK TRANSACTIONS;
-- case: raise
RAISE USING MESSAGE = 'no';
-- invalid: *
RAISE USING MESSAGE = 1;
-- case: return
IF TRUE THEN RETURN; END IF;
-- invalid: syntax
RETURN 1;
-- case: call
DECLARE y INT64; CALL @note(1, y);
-- invalid: *
DECLARE y INT64; CALL @note(1, y, 2);
-- case: call_writes_a_variable
DECLARE y INT64; CALL @note(1 + 1, y);
-- invalid: wrong-arguments
CALL @note(1, 2);
-- case: insert_values
INSERT INTO @u (a, s) VALUES (1, 'x'), (2, DEFAULT);
-- invalid: column-count
INSERT INTO @u (a, s) VALUES (1);
-- case: insert_select
INSERT @u (a, s) SELECT a, s FROM @t;
-- invalid: *
INSERT INTO @u (a, s) SELECT s, s FROM @t;
-- case: insert_with
INSERT INTO @u (a) WITH x AS (SELECT 1 AS a) SELECT a FROM x;
-- invalid: syntax
INSERT INTO @u (a) AS SELECT 1;
-- case: update
UPDATE @u SET s = UPPER(s), w = DEFAULT WHERE a = 1;
-- invalid: *
UPDATE @u SET zz = 1 WHERE a = 1;
-- case: update_from
UPDATE @u AS u SET s = x.s FROM (SELECT a, ANY_VALUE(s) AS s FROM @t GROUP BY a) AS x WHERE u.a = x.a;
-- invalid: duplicate-source
UPDATE @u AS u SET s = x.s FROM @t AS x WHERE u.a = x.a;
-- case: update_nested
UPDATE @t SET st.x = 1, arr = ARRAY_CONCAT(arr, [1]) WHERE a = 1;
-- invalid: *
UPDATE @t SET st.zz = 1 WHERE a = 1;
-- case: delete
DELETE FROM @u WHERE a IN (SELECT a FROM @t);
-- invalid: *
DELETE FROM @u;
-- case: merge
MERGE @u AS u USING (SELECT a, ANY_VALUE(s) AS s FROM @t GROUP BY a) AS x ON u.a = x.a WHEN MATCHED AND u.s != x.s THEN UPDATE SET s = x.s WHEN NOT MATCHED BY TARGET THEN INSERT (a, s) VALUES (a, s) WHEN NOT MATCHED BY SOURCE AND u.a < 0 THEN DELETE;
-- invalid: *
MERGE @u AS u USING @t AS x ON u.a = x.a WHEN MATCHED THEN INSERT (a) VALUES (1);
-- case: merge_insert_row
-- validate: allow column-order the source names the columns in the order of the table
MERGE @u AS u USING (SELECT 1 AS a, 's' AS s, 2 AS w LIMIT 1) AS x ON FALSE WHEN NOT MATCHED THEN INSERT ROW;
-- invalid: *
MERGE @u AS u USING (SELECT 1 AS a LIMIT 1) AS x ON FALSE WHEN NOT MATCHED THEN INSERT ROW;
-- case: truncate
TRUNCATE TABLE @u;
-- invalid: missing-object
TRUNCATE TABLE @nothing;
-- case: truncate_partitioned
TRUNCATE TABLE @days;
-- invalid: unfiltered-read
DELETE FROM @days WHERE TRUE;
-- case: temp_table
CREATE TEMP TABLE few AS SELECT a FROM @t; INSERT INTO few SELECT 1; DROP TABLE few;
-- invalid: *
CREATE TEMP TABLE few AS SELECT a FROM @t; SELECT zz FROM few;
-- case: temp_function
CREATE TEMP FUNCTION twice(x INT64) AS (x * 2); SELECT twice(2);
-- invalid: wrong-arguments
CREATE TEMP FUNCTION twice(x INT64) AS (x * 2); SELECT twice('two');
-- case: temp_function_body
CREATE TEMP FUNCTION twice(x INT64) AS (x * 2);
-- invalid: *
CREATE TEMP FUNCTION twice(x INT64) AS (x + 'a');
-- case: temp_function_any_type
CREATE TEMP FUNCTION twice(x ANY TYPE) AS (x * 2); SELECT twice(2) + 1, twice(2.5);
-- invalid: *
CREATE TEMP FUNCTION twice(x ANY TYPE) AS (x * 2); SELECT twice('two');
-- case: assert
ASSERT (SELECT COUNT(*) > 0 FROM @t) AS 'rows';
-- invalid: *
ASSERT (SELECT COUNT(*) FROM @t) AS 'rows';
-- case: export_data
EXPORT DATA OPTIONS (uri = 'gs://b/x-*.csv', format = 'CSV') AS SELECT a FROM @t;
-- invalid: *
EXPORT DATA OPTIONS (uri = 'gs://b/x-*.csv', format = 'CSV') AS SELECT zz FROM @t;
-- case: pipe_in_script
CREATE TEMP TABLE x AS FROM @t |> AGGREGATE COUNT(*) AS n GROUP BY s;
-- invalid: *
CREATE TEMP TABLE x AS FROM @t |> AGGREGATE COUNT(*) AS n GROUP BY zz;
-- case: permanent_ddl
SELECT 1;
-- invalid: permanent-ddl
CREATE TABLE @made (a INT64);
-- case: load_data
SELECT 1;
-- invalid: syntax
LOAD DATES INTO @u FROM FILES (format = 'CSV', uris = ['gs://b/x.csv']);
-- case: insert_by_place
CREATE TEMP TABLE few AS SELECT a, s, w FROM @u; INSERT INTO few VALUES (1, 's', 2);
-- invalid: column-order
INSERT INTO @u VALUES (1, 's', 2);
-- case: insert_select_by_place
INSERT INTO @u (a, s, w) SELECT a, s, w FROM @u;
-- invalid: column-order
INSERT INTO @u SELECT a, s, a FROM @t;
-- case: system_procedure
DECLARE job STRING DEFAULT 'one'; IF FALSE THEN CALL BQ.JOBS.CANCEL(job); CALL BQ.REFRESH_MATERIALIZED_VIEW('d.v'); END IF;
-- invalid: *
CALL BQ.JOBS.CANCEL(1);
-- case: insert_star_named
CREATE TEMP TABLE few AS SELECT * FROM @u; INSERT INTO @u (a, s, w) SELECT a, s, w FROM few;
-- invalid: column-order
INSERT INTO @u (a, s, w) SELECT * FROM (SELECT * FROM @u);
-- case: insert_into_copied_order
CREATE TEMP TABLE few LIKE @u; INSERT INTO few (a, s, w) VALUES (1, 's', 2);
-- invalid: column-order
CREATE TEMP TABLE few LIKE @u; INSERT INTO few VALUES (1, 's', 2);
-- case: insert_into_own_order
CREATE TEMP TABLE few (a INT64, s STRING, w INT64) AS SELECT a, s, w FROM @u; INSERT INTO few VALUES (1, 's', 2);
-- invalid: column-order
CREATE TEMP TABLE few AS SELECT * FROM @u; INSERT INTO few VALUES (1, 's', 2);
-- case: temp_table_named_columns
CREATE TEMP TABLE few (x INT64, y STRING, z INT64) AS SELECT a, s, w FROM @u;
-- invalid: column-order
CREATE TEMP TABLE few (x INT64, y STRING, z INT64) AS SELECT * FROM @u;
-- case: set_from_struct
DECLARE x, z INT64; DECLARE y STRING; SET (x, y, z) = (SELECT AS STRUCT a, s, w FROM @u LIMIT 1);
-- invalid: column-order
DECLARE x, z INT64; DECLARE y STRING; SET (x, y, z) = (SELECT AS STRUCT * FROM @u LIMIT 1);
-- case: merge_values_named
MERGE @u AS u USING (SELECT 1 AS a LIMIT 1) AS x ON FALSE WHEN NOT MATCHED THEN INSERT (a, s, w) VALUES (a, 's', 3);
-- invalid: column-order
MERGE @u AS u USING (SELECT 1 AS a LIMIT 1) AS x ON FALSE WHEN NOT MATCHED THEN INSERT VALUES (a, 's', 3);
-- case: temp_table_altered
CREATE TEMP TABLE made (x INT64); ALTER TABLE made ADD COLUMN y STRING; INSERT INTO made (x, y) VALUES (1, 'a'); ALTER TABLE made DROP COLUMN x; SELECT y FROM made;
-- invalid: unknown-column
CREATE TEMP TABLE made (x INT64, y STRING); ALTER TABLE made DROP COLUMN x; SELECT x FROM made;
-- case: temp_table_column_renamed
CREATE TEMP TABLE made (x INT64, y STRING); ALTER TABLE made RENAME COLUMN x TO z; SELECT z FROM made;
-- invalid: unknown-column
CREATE TEMP TABLE made (x INT64, y STRING); ALTER TABLE made RENAME COLUMN x TO z; SELECT x FROM made;
-- case: temp_table_column_retyped
CREATE TEMP TABLE made (x INT64); ALTER TABLE made ALTER COLUMN x SET DATA TYPE NUMERIC; INSERT INTO made (x) VALUES (NUMERIC '0.5');
-- invalid: *
CREATE TEMP TABLE made (x INT64); INSERT INTO made (x) VALUES (NUMERIC '0.5');
-- case: temp_table_of_the_session
CREATE TEMP TABLE made (x INT64); INSERT INTO _SESSION.made (x) VALUES (1); ALTER TABLE _SESSION.made ADD COLUMN z INT64; SELECT made.z FROM _SESSION.made; DROP TABLE _SESSION.made;
-- invalid: unknown-column
CREATE TEMP TABLE made (x INT64); SELECT zz FROM _SESSION.made;
-- case: temp_table_beside_a_table_of_its_name
CREATE TEMP TABLE t (x INT64); ALTER TABLE t ADD COLUMN y INT64; DROP TABLE t;
-- invalid: permanent-ddl
CREATE TEMP TABLE t (x INT64); DROP TABLE @t;
-- case: load_into_a_temp_table
IF FALSE THEN LOAD DATA INTO TEMP TABLE made (x INT64) FROM FILES (format = 'CSV', uris = ['gs://bucket/x.csv']); SELECT x FROM made; END IF;
-- invalid: unknown-column
LOAD DATA OVERWRITE TEMP TABLE made (x INT64) FROM FILES (format = 'CSV', uris = ['gs://bucket/x.csv']); SELECT zz FROM made;
-- case: set_location
SET @@location = 'US'; SET @@dataset_id = 'brain';
-- invalid: semantics
SET @@project_id = 'other';
-- case: set_row_count
INSERT INTO @u (a) VALUES (1); SELECT @@row_count;
-- invalid: semantics
SET @@row_count = 1;
-- case: temp_table_for_a_view
CREATE TEMP TABLE few AS SELECT a FROM @u; SELECT a FROM few;
-- invalid: semantics
CREATE TEMP VIEW few AS SELECT a FROM @u;
