-- kind: tables
-- case: by_load_time
(a INT64) PARTITION BY _PARTITIONDATE
-- named: load time
-- case: by_integers
(a INT64) PARTITION BY RANGE_BUCKET(a, GENERATE_ARRAY(0, 100, 10))
-- named: ranges of integers
-- case: collation
(a STRING COLLATE 'und:ci')
-- named: COLLATE 'und:ci'
-- case: default_collation
(a STRING) DEFAULT COLLATE 'und:ci'
-- named: DEFAULT COLLATE
-- case: generated
(a STRING, b STRUCT<result ARRAY<FLOAT64>, status STRING> GENERATED ALWAYS AS (AI.EMBED(a)) STORED OPTIONS (asynchronous = TRUE))
-- named: GENERATED ALWAYS
-- case: table_labels
(a INT64) OPTIONS (labels = [('k', 'v')])
-- named: option labels
-- case: expiration
(a INT64) OPTIONS (expiration_timestamp = TIMESTAMP '2030-01-01 00:00:00+00')
-- named: option expiration_timestamp
-- case: rounding
(a NUMERIC OPTIONS (rounding_mode = 'ROUND_HALF_EVEN'))
-- named: option rounding_mode
-- case: connection
(a INT64) WITH CONNECTION `p.us.c`
-- named: WITH CONNECTION
-- case: like
LIKE @t
-- named: LIKE
-- case: copy
COPY @t
-- named: COPY
-- case: clone
CLONE @t
-- named: CLONE
-- case: as_query
AS SELECT 1 AS a
-- named: SELECT 1 AS a
-- case: filter_without_partitions
(a INT64) OPTIONS (require_partition_filter = TRUE)
-- named: require_partition_filter of a table without partitions
-- case: composite_foreign_key
(a INT64, b INT64, FOREIGN KEY (a, b) REFERENCES @keyed (id, id) NOT ENFORCED)
-- named: refer from one column to one
-- kind: functions
-- case: javascript
(x FLOAT64) RETURNS FLOAT64 LANGUAGE js AS r"""return x * 2;"""
-- named: a routine in js
-- case: javascript_deterministic
(x FLOAT64) RETURNS FLOAT64 DETERMINISTIC LANGUAGE js OPTIONS (library = ['gs://b/l.js']) AS 'return x;'
-- named: a routine in js
-- case: python
(x FLOAT64) RETURNS FLOAT64 LANGUAGE python OPTIONS (runtime_version = 'python-3.11', entry_point = 'f') AS r'''def f(x): return x'''
-- named: a routine in python
-- case: remote
(x FLOAT64) RETURNS FLOAT64 REMOTE WITH CONNECTION `p.us.c` OPTIONS (endpoint = 'https://example.com')
-- named: a remote function
-- case: not_deterministic
(x FLOAT64) RETURNS FLOAT64 NOT DETERMINISTIC AS (x)
-- named: NOT DETERMINISTIC
-- case: argument_default
(x INT64 DEFAULT 1) AS (x)
-- named: BigQuery has no default values for arguments
-- case: governance
(x INT64) AS (x) OPTIONS (data_governance_type = 'DATA_MASKING')
-- named: option data_governance_type
-- kind: aggregate
-- case: aggregate_function
(x FLOAT64) AS (SUM(x))
-- named: an aggregate function
-- kind: table_functions
-- case: table_argument
(x TABLE<a INT64>) AS SELECT a FROM x
-- named: argument x: a table
-- kind: views_
-- case: column_list
(a OPTIONS (description = 'x')) AS SELECT 1
-- named: not in a column list
-- case: privacy_policy
OPTIONS (privacy_policy = '{}') AS SELECT 1 AS a
-- named: option privacy_policy
-- kind: procedures_
-- case: spark
() WITH CONNECTION `p.us.c` OPTIONS (engine = 'SPARK') LANGUAGE PYTHON AS r'''print(1)'''
-- named: a routine in PYTHON
-- kind: materialized_views
-- case: staleness
OPTIONS (max_staleness = INTERVAL 4 HOUR) AS SELECT a FROM @t
-- named: option max_staleness
-- case: non_incremental
OPTIONS (allow_non_incremental_definition = TRUE) AS SELECT a FROM @t
-- named: option allow_non_incremental_definition
-- case: replica
AS REPLICA OF @v
-- named: a replica
-- kind: external
-- case: external_table
(a INT64) OPTIONS (format = 'CSV', uris = ['gs://b/*.csv'])
-- named: an external table
-- case: external_table_by_hive_layout
(a INT64) WITH PARTITION COLUMNS (day DATE) OPTIONS (format = 'PARQUET', uris = ['gs://b/*'], hive_partition_uri_prefix = 'gs://b')
-- named: an external table
-- kind: snapshots
-- case: snapshot
CLONE @t
-- named: a snapshot
