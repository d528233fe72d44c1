"""What Google declares and our SQL reads: system variables, parameters, metadata views.

Written by hand from Google's reference, in this one place; a view or column that is
missing here is reported as missing-object or unknown-column.
https://cloud.google.com/bigquery/docs/information-schema-intro
https://cloud.google.com/bigquery/docs/reference/system-variables
https://cloud.google.com/bigquery/docs/reference/system-procedures
"""

from __future__ import annotations

SYSTEM_VARIABLES = {
    "row_count": "INT64",
    "query_label": "STRING",
    "time_zone": "STRING",
    "dataset_id": "STRING",
    "dataset_project_id": "STRING",
    "project_id": "STRING",
    "last_job_id": "STRING",
    "current_job_id": "STRING",
    "location": "STRING",
    "reservation": "STRING",
    "session_id": "STRING",
    "error.message": "STRING",
    "error.statement_text": "STRING",
    "error.formatted_stack_trace": "STRING",
    "error.stack_trace": (
        "ARRAY<STRUCT<line INT64, `column` INT64, filename STRING, location STRING>>"
    ),
    "script.bytes_billed": "INT64",
    "script.bytes_processed": "INT64",
    "script.creation_time": "TIMESTAMP",
    "script.job_id": "STRING",
    "script.num_child_jobs": "INT64",
    "script.slot_ms": "INT64",
}

# Those that SET may change; the others are read-only.
WRITTEN_VARIABLES = frozenset(
    {
        *("dataset_id", "dataset_project_id", "location", "query_label", "reservation"),
        "time_zone",
    }
)

# Procedures of BigQuery's own, each of one text.
SYSTEM_PROCEDURES = (("BQ", "JOBS", "CANCEL"), ("BQ", "REFRESH_MATERIALIZED_VIEW"))

# Parameters that Data Transfer passes to a scheduled query.
RUN_PARAMETERS = {"run_time": "TIMESTAMP", "run_date": "DATE"}

_JOBS = {
    "creation_time": "TIMESTAMP",
    "project_id": "STRING",
    "project_number": "INT64",
    "user_email": "STRING",
    "job_id": "STRING",
    "job_type": "STRING",
    "statement_type": "STRING",
    "priority": "STRING",
    "start_time": "TIMESTAMP",
    "end_time": "TIMESTAMP",
    "query": "STRING",
    "state": "STRING",
    "reservation_id": "STRING",
    "total_bytes_processed": "INT64",
    "total_bytes_billed": "INT64",
    "total_slot_ms": "INT64",
    "error_result": "STRUCT<reason STRING, location STRING, debug_info STRING, message STRING>",
    "cache_hit": "BOOL",
    "destination_table": "STRUCT<project_id STRING, dataset_id STRING, table_id STRING>",
    "referenced_tables": ("ARRAY<STRUCT<project_id STRING, dataset_id STRING, table_id STRING>>"),
    "labels": "ARRAY<STRUCT<key STRING, value STRING>>",
    "parent_job_id": "STRING",
    "transaction_id": "STRING",
    "session_info": "STRUCT<session_id STRING>",
}

# Views of `region-xx`.INFORMATION_SCHEMA.
REGION_VIEWS = {
    "JOBS": _JOBS,
    "JOBS_BY_PROJECT": _JOBS,
    "JOBS_BY_USER": _JOBS,
}

# Views of dataset.INFORMATION_SCHEMA.
DATASET_VIEWS = {
    "TABLES": {
        "table_catalog": "STRING",
        "table_schema": "STRING",
        "table_name": "STRING",
        "table_type": "STRING",
        "is_insertable_into": "STRING",
        "is_typed": "STRING",
        "creation_time": "TIMESTAMP",
        "ddl": "STRING",
    },
    "COLUMNS": {
        "table_catalog": "STRING",
        "table_schema": "STRING",
        "table_name": "STRING",
        "column_name": "STRING",
        "ordinal_position": "INT64",
        "is_nullable": "STRING",
        "data_type": "STRING",
        "is_partitioning_column": "STRING",
        "clustering_ordinal_position": "INT64",
        "column_default": "STRING",
    },
    "PARTITIONS": {
        "table_catalog": "STRING",
        "table_schema": "STRING",
        "table_name": "STRING",
        "partition_id": "STRING",
        "total_rows": "INT64",
        "total_logical_bytes": "INT64",
        "total_billable_bytes": "INT64",
        "last_modified_time": "TIMESTAMP",
        "storage_tier": "STRING",
    },
    "ROUTINES": {
        "specific_catalog": "STRING",
        "specific_schema": "STRING",
        "specific_name": "STRING",
        "routine_catalog": "STRING",
        "routine_schema": "STRING",
        "routine_name": "STRING",
        "routine_type": "STRING",
        "data_type": "STRING",
        "routine_body": "STRING",
        "routine_definition": "STRING",
        "created": "TIMESTAMP",
        "last_altered": "TIMESTAMP",
        "ddl": "STRING",
    },
    "VIEWS": {
        "table_catalog": "STRING",
        "table_schema": "STRING",
        "table_name": "STRING",
        "view_definition": "STRING",
        "use_standard_sql": "STRING",
    },
}

# dataset.__TABLES__
META_TABLES = {
    "project_id": "STRING",
    "dataset_id": "STRING",
    "table_id": "STRING",
    "creation_time": "INT64",
    "last_modified_time": "INT64",
    "row_count": "INT64",
    "size_bytes": "INT64",
    "type": "INT64",
}

# Aggregate functions of BigQuery that the analyser lacks: each gives a value of its first
# argument's type, chosen by its second.
CHOOSING_AGGREGATES = ("MAX_BY", "MIN_BY")

# Documented functions that neither the analyser nor google_functions.py knows: what they give
# is not in sql/, or a connection or an index has to be there. With a dot: all that begin so.
# https://cloud.google.com/bigquery/docs/reference/standard-sql/functions-all
NOT_KNOWN = (
    *("agg", "ai.", "external_object_transform", "external_query", "ml.", "obj."),
    *("st_regionstats", "vector_index."),
)

# Functions that the analyser has and no page of BigQuery's reference names. IFERROR, ISERROR and
# NULLIFERROR are not among them: BigQuery is known to have these all the same.
# https://cloud.google.com/bigquery/docs/reference/standard-sql/functions-all
UNDOCUMENTED = frozenset(
    {
        *("aead.envelope_decrypt_bytes", "aead.envelope_decrypt_string", "aead.envelope_encrypt"),
        *("apply", "approx_cosine_distance", "approx_dot_product", "approx_euclidean_distance"),
        *("array_filter", "array_first_n", "array_includes", "array_includes_all"),
        *("array_includes_any", "array_is_distinct", "array_last_n", "array_max", "array_min"),
        *("array_remove_first_n", "array_remove_last_n", "array_transform", "bool_array"),
        *("elementwise_avg", "elementwise_sum", "filter_fields", "float32", "float32_array"),
        *("float64_array", "int64_array", "is_first", "is_last", "json_contains"),
        "kll_quantiles.extract_relative_rank_float64",
        "kll_quantiles.extract_relative_rank_int64",
        *("kll_quantiles.merge_relative_rank_float64", "kll_quantiles.merge_relative_rank_int64"),
        *("l1_norm", "l2_norm", "lax_bool_array", "lax_float32", "lax_float32_array"),
        *("lax_float64_array", "lax_int64_array", "lax_string_array", "manhattan_distance"),
        *("nullifzero", "range_is_end_unbounded", "range_is_start_unbounded"),
        *("regexp_extract_groups", "safe_to_json", "split_substr", "string_array", "st_askml"),
        *("st_dumppoints", "st_geogfromkml", "st_nearest_neighbors", "st_unaryunion"),
        *("timestamp_from_unix_micros", "timestamp_from_unix_millis"),
        *("timestamp_from_unix_seconds", "to_seconds_interval", "zeroifnull", "zstd_compress"),
        *("zstd_decompress_to_bytes", "zstd_decompress_to_string"),
    }
)

# Functions of BigQuery that search anything for a text, with what they give.
SEARCHES = {"CONTAINS_SUBSTR": "BOOL", "SEARCH": "BOOL"}
SEARCH_OPTIONS = ("json_scope", "analyzer", "analyzer_options")
