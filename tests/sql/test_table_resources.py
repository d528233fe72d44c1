"""Tables on the local BigQuery keep what REST and DDL say of them, as on Google."""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from google.api_core.exceptions import BadRequest
from google.cloud import bigquery

from tests.sql.conftest import PROJECT

pytestmark = pytest.mark.emulator

DATASET = "table_resources"
FIELDS: list[dict[str, Any]] = [
    {"name": "id", "type": "INTEGER", "mode": "REQUIRED", "description": "the key"},
    {"name": "s", "type": "RECORD", "fields": [{"name": "a", "type": "STRING"}]},
    {
        "name": "r",
        "type": "RECORD",
        "mode": "REPEATED",
        "fields": [{"name": "a", "type": "STRING"}],
    },
    {"name": "k", "type": "STRING", "defaultValueExpression": "'x'"},
]


@pytest.fixture(autouse=True)
def dataset(client: bigquery.Client) -> Iterator[None]:
    client.create_dataset(f"{PROJECT}.{DATASET}", exists_ok=True)
    yield
    client.delete_dataset(f"{PROJECT}.{DATASET}", delete_contents=True)


def run(client: bigquery.Client, sql: str) -> list[tuple[Any, ...]]:
    config = bigquery.QueryJobConfig(default_dataset=f"{PROJECT}.{DATASET}")
    job = client.query(sql, job_config=config, retry=None, job_retry=None)
    return [tuple(row.values()) for row in job.result()]


def call(client: bigquery.Client, method: str, table: str, body: Any = None) -> dict[str, Any]:
    path = f"/projects/{PROJECT}/datasets/{DATASET}/tables"
    if method != "POST":
        path += f"/{table}"
    return client._connection.api_request(method=method, path=path, data=body)


def insert(client: bigquery.Client, table: str, fields: Any, **more: Any) -> dict[str, Any]:
    reference = {"projectId": PROJECT, "datasetId": DATASET, "tableId": table}
    body = {"tableReference": reference, "schema": {"fields": fields}, **more}
    return call(client, "POST", table, body)


def patch(client: bigquery.Client, table: str, fields: Any) -> dict[str, Any]:
    return call(client, "PATCH", table, {"schema": {"fields": fields}})


def test_fields_added_within_structs_hold_values(client: bigquery.Client) -> None:
    insert(client, "t", FIELDS)
    run(client, "INSERT INTO t (id, s, r) VALUES (1, STRUCT('old'), [STRUCT('w')])")
    wider = copy.deepcopy(FIELDS)
    wider[1]["fields"].append({"name": "b", "type": "INTEGER"})
    wider[2]["fields"].append({"name": "b", "type": "DATE"})
    patch(client, "t", wider)
    run(
        client,
        "INSERT INTO t (id, s, r) VALUES (2, STRUCT('new', 3), [STRUCT('w', DATE '2026-01-01')])",
    )
    rows = run(client, "SELECT id, s.a, s.b, CAST(r[0].b AS STRING) FROM t ORDER BY id")
    assert rows == [(1, "old", None, None), (2, "new", 3, "2026-01-01")]
    held = call(client, "GET", "t")["schema"]["fields"]
    assert [field["name"] for field in held[1]["fields"]] == ["a", "b"]


def test_a_field_within_a_struct_is_not_dropped_by_rest(client: bigquery.Client) -> None:
    insert(client, "t", FIELDS)
    narrower = copy.deepcopy(FIELDS)
    narrower[1]["fields"] = [{"name": "z", "type": "STRING"}]
    with pytest.raises(BadRequest, match="missing in new schema"):
        patch(client, "t", narrower)


def test_a_default_given_by_rest_is_used_changed_and_dropped(client: bigquery.Client) -> None:
    insert(client, "t", FIELDS)
    run(client, "INSERT INTO t (id) VALUES (1)")
    changed = copy.deepcopy(FIELDS)
    changed[3]["defaultValueExpression"] = "CONCAT('a', 'b')"
    patch(client, "t", changed)
    run(client, "INSERT INTO t (id) VALUES (2)")
    del changed[3]["defaultValueExpression"]
    patch(client, "t", changed)
    run(client, "INSERT INTO t (id) VALUES (3)")
    assert run(client, "SELECT id, k FROM t ORDER BY id") == [(1, "x"), (2, "ab"), (3, None)]


def test_a_default_for_an_added_column_disturbs_no_reader(client: bigquery.Client) -> None:
    fields = [*FIELDS[:1], {"name": "n", "type": "STRING"}]
    insert(client, "t", FIELDS[:1])
    run(client, "INSERT INTO t (id) VALUES (1), (2)")
    patch(client, "t", fields)
    ended = threading.Event()
    seen: list[list[tuple[Any, ...]]] = []

    def read() -> None:
        while not ended.is_set():
            seen.append(run(client, "SELECT COUNT(*) FROM t"))

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read) for _ in range(3)]
        try:
            for number in range(20):
                fields[1]["defaultValueExpression"] = f"CONCAT('a', '{number}')"
                patch(client, "t", fields)
        finally:
            ended.set()
        for reader in readers:
            reader.result()
    assert set(map(tuple, seen)) == {((2,),)}
    run(client, "INSERT INTO t (id) VALUES (3)")
    assert run(client, "SELECT n FROM t WHERE id = 3") == [("a19",)]


@pytest.mark.parametrize("column", ["n STRING DEFAULT 'x'", "n STRING NOT NULL"])
def test_a_column_that_is_added_has_neither_default_nor_not_null(
    client: bigquery.Client, column: str
) -> None:
    """https://cloud.google.com/bigquery/docs/default-values#limitations"""
    insert(client, "t", FIELDS[:1])
    with pytest.raises(BadRequest, match=r"Cannot add .*\(column: n\)"):
        run(client, f"ALTER TABLE t ADD COLUMN m STRING, ADD COLUMN {column}")
    added = {"name": "n", "type": "STRING"}
    with_default = added | {"defaultValueExpression": "'x'"}
    with pytest.raises(BadRequest, match=r"Cannot add .*\(column: n\)"):
        patch(client, "t", [*FIELDS[:1], with_default])
    # Nothing of the statement has been done; in two steps it goes.
    assert [field.name for field in client.get_table(f"{PROJECT}.{DATASET}.t").schema] == ["id"]
    patch(client, "t", [*FIELDS[:1], added])
    patch(client, "t", [*FIELDS[:1], with_default])


def nested(levels: int) -> list[dict[str, Any]]:
    """A column whose innermost field is on this level."""
    fields: list[dict[str, Any]] = [{"name": f"l{levels}", "type": "INTEGER", "mode": "NULLABLE"}]
    for level in range(levels - 1, 0, -1):
        fields = [{"name": f"l{level}", "type": "RECORD", "mode": "REPEATED", "fields": fields}]
    return fields


def test_fifteen_levels_of_fields_are_taken(client: bigquery.Client) -> None:
    insert(client, "t", nested(15))
    assert call(client, "GET", "t")["schema"]["fields"] == nested(15)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        (nested(16), r"nested too deeply for field l1\.l2\..*\.l14\.l15, maximum .* depth is 15"),
        ([{"name": "a", "type": "STRING", "defaultValueExpression": "nope("}], "default value"),
        ([{"name": "a", "type": "INTEGER", "defaultValueExpression": "(SELECT 1)"}], "neither"),
        ([{"name": "a", "type": "INTEGER"}, {"name": "A", "type": "STRING"}], "Duplicate field"),
    ],
)
def test_a_schema_that_google_refuses_makes_no_table(
    client: bigquery.Client, fields: Any, says: str
) -> None:
    with pytest.raises(BadRequest, match=says):
        insert(client, "t", fields)
    assert list(client.list_tables(f"{PROJECT}.{DATASET}")) == []


def test_a_clone_keeps_columns_partitions_and_defaults(client: bigquery.Client) -> None:
    run(
        client,
        "CREATE TABLE t (id INT64 NOT NULL OPTIONS (description = 'the key'), day DATE,"
        " k STRING DEFAULT 'x') PARTITION BY day CLUSTER BY k"
        " OPTIONS (require_partition_filter = TRUE, partition_expiration_days = 3650)",
    )
    run(client, "INSERT INTO t (id, day) VALUES (1, CURRENT_DATE()), (2, NULL)")
    run(client, "CREATE TABLE c CLONE t")
    held = call(client, "GET", "c")
    assert held["timePartitioning"]["field"] == "day"
    assert held["timePartitioning"]["expirationMs"] == str(3650 * 24 * 3600 * 1000)
    assert held["requirePartitionFilter"] is True
    assert held["clustering"] == {"fields": ["k"]}
    assert held["schema"]["fields"][0]["description"] == "the key"
    run(client, "INSERT INTO c (id, day) VALUES (3, NULL)")
    filtered = "SELECT id, k FROM c WHERE day IS NULL OR day > DATE '1970-01-01' ORDER BY id"
    assert run(client, filtered) == [(1, "x"), (2, "x"), (3, "x")]
    with pytest.raises(BadRequest):
        run(client, "INSERT INTO c (id, day) VALUES (NULL, NULL)")


def test_a_clone_of_an_empty_table_keeps_its_columns(client: bigquery.Client) -> None:
    run(client, "CREATE TABLE t (id INT64 NOT NULL, k STRING DEFAULT 'x')")
    run(client, "CREATE SNAPSHOT TABLE before CLONE t")
    run(client, "CREATE TABLE c CLONE before")
    with pytest.raises(BadRequest):
        run(client, "INSERT INTO c (id) VALUES (NULL)")
    run(client, "INSERT INTO c (id) VALUES (1)")
    assert run(client, "SELECT * FROM c") == [(1, "x")]


def test_a_snapshot_of_an_earlier_moment_has_the_columns_of_that_time(
    client: bigquery.Client,
) -> None:
    run(client, "CREATE TABLE t (id INT64 NOT NULL, s STRUCT<x INT64> NOT NULL, k STRING)")
    run(client, "INSERT INTO t VALUES (1, STRUCT(2), 'x')")
    [(before,)] = run(client, "SELECT CURRENT_TIMESTAMP()")
    run(client, "ALTER TABLE t ADD COLUMN later DATE; ALTER TABLE t DROP COLUMN k")
    moment = f"TIMESTAMP '{before.isoformat(sep=' ')}'"
    run(client, f"CREATE SNAPSHOT TABLE old CLONE t FOR SYSTEM_TIME AS OF {moment}")
    assert run(client, "SELECT * FROM old") == [(1, {"x": 2}, "x")]
    fields = call(client, "GET", "old")["schema"]["fields"]
    assert [(one["name"], one["mode"]) for one in fields] == [
        ("id", "REQUIRED"),
        ("s", "REQUIRED"),
        ("k", "NULLABLE"),
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT COUNT(*) FROM t",
        "SELECT COUNT(*) FROM t WHERE id = 1",
        "SELECT COUNT(*) FROM t WHERE day = DATE '2026-01-01' OR id = 1",
        "UPDATE t SET id = 2 WHERE id = 1",
        "DELETE FROM t WHERE TRUE",
        "MERGE t USING (SELECT 1 AS id) AS s ON t.id = s.id WHEN MATCHED THEN DELETE",
    ],
)
def test_a_required_partition_filter_is_required(client: bigquery.Client, statement: str) -> None:
    run(
        client,
        "CREATE TABLE t (id INT64, day DATE) PARTITION BY day"
        " OPTIONS (require_partition_filter = TRUE)",
    )
    with pytest.raises(BadRequest, match=r"Cannot query over table .* without a filter"):
        run(client, statement)


def test_partition_options_need_partitions(client: bigquery.Client) -> None:
    with pytest.raises(BadRequest, match="partition_expiration_days is allowed only"):
        run(client, "CREATE TABLE t (id INT64) OPTIONS (partition_expiration_days = 3)")
    with pytest.raises(BadRequest, match="require_partition_filter is allowed only"):
        run(client, "CREATE TABLE t (id INT64) OPTIONS (require_partition_filter = TRUE)")


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_a_materialized_view_stays_one_when_it_is_changed(
    client: bigquery.Client, method: str
) -> None:
    run(client, "CREATE TABLE t (id INT64, k STRING)")
    place = {"projectId": PROJECT, "datasetId": DATASET, "tableId": "m"}
    named = f"FROM `{PROJECT}`.{DATASET}.t GROUP BY"
    body = {"tableReference": place}
    query = f"SELECT id, COUNT(*) AS n {named} id"
    call(client, "POST", "m", {**body, "materializedView": {"query": query}})
    other = {"query": f"SELECT k, COUNT(*) AS n {named} k", "enableRefresh": False}
    for changed in ({"materializedView": other}, {"materializedView": other, "description": "x"}):
        held = call(client, method, "m", {**body, **changed})
        assert held["type"] == "MATERIALIZED_VIEW"
        assert held["materializedView"]["query"] == other["query"]
        assert "view" not in held
    listed = {one.table_id: one.table_type for one in client.list_tables(f"{PROJECT}.{DATASET}")}
    assert listed["m"] == "MATERIALIZED_VIEW"
    assert run(client, "SELECT k, n FROM m") == []


SCALARS = [
    {"name": kind.lower(), "type": kind}
    for kind in ("STRING", "INTEGER", "FLOAT", "DATE", "TIMESTAMP", "DATETIME", "BOOLEAN")
]
COLUMNS: list[dict[str, Any]] = [
    *SCALARS,
    {"name": "days", "type": "DATE", "mode": "REPEATED"},
    {"name": "record", "type": "RECORD", "fields": [{"name": "x", "type": "INTEGER"}]},
]
RANGE = {"range": {"start": "0", "end": "10", "interval": "1"}}


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        ({"timePartitioning": {"type": "DAY", "field": "string"}}, "type found is: STRING"),
        ({"timePartitioning": {"type": "DAY", "field": "days"}}, "type found is: REPEATED DATE"),
        ({"timePartitioning": {"type": "HOUR", "field": "date"}}, "no partitions by HOUR"),
        ({"timePartitioning": {"type": "DAY", "field": "gone"}}, "cannot be found in the schema"),
        ({"rangePartitioning": {"field": "date", **RANGE}}, "only be of type INTEGER"),
        (
            {
                "timePartitioning": {"type": "DAY", "field": "date"},
                "rangePartitioning": {"field": "integer", **RANGE},
            },
            "not both",
        ),
        ({"clustering": {"fields": ["float"]}}, "field float of type FLOAT"),
        ({"clustering": {"fields": ["record"]}}, "field record of type RECORD"),
        ({"clustering": {"fields": ["days"]}}, "field days of type REPEATED DATE"),
        ({"clustering": {"fields": [c["name"] for c in SCALARS[:1] + SCALARS[3:]]}}, "the most"),
        ({"clustering": {"fields": ["gone"]}}, "Invalid field: gone"),
    ],
)
def test_a_layout_that_google_refuses_makes_no_table(
    client: bigquery.Client, layout: dict[str, Any], message: str
) -> None:
    with pytest.raises(BadRequest, match=message):
        insert(client, "t", COLUMNS, **layout)
    assert [one.table_id for one in client.list_tables(DATASET)] == []


@pytest.mark.parametrize(
    "layout",
    [
        {"timePartitioning": {"type": "DAY"}},
        {"timePartitioning": {"type": "HOUR", "field": "datetime"}},
        {"rangePartitioning": {"field": "integer", **RANGE}},
        {"clustering": {"fields": ["string", "integer", "date", "boolean"]}},
    ],
)
def test_a_layout_of_google_makes_a_table(client: bigquery.Client, layout: dict[str, Any]) -> None:
    assert insert(client, "t", COLUMNS, **layout)["id"].endswith(".t")


def test_a_table_of_more_columns_than_google_takes_is_refused(client: bigquery.Client) -> None:
    fields = [{"name": f"c{n}", "type": "INTEGER"} for n in range(10_001)]
    with pytest.raises(BadRequest, match="Too many total leaf fields: 10001"):
        insert(client, "t", fields)


def test_a_dataset_that_ddl_makes_is_where_its_options_say(client: bigquery.Client) -> None:
    name = f"{DATASET}_elsewhere"
    run(client, f"CREATE SCHEMA {name} OPTIONS (location = 'EU', description = 'told')")
    made = client.get_dataset(name)
    client.delete_dataset(name)
    assert (made.location, made.description) == ("EU", "told")


@pytest.mark.parametrize("kind", ["NUMERIC(5, 2)", "BIGNUMERIC(20, 9)"])
def test_json_of_a_number_has_no_zeros_of_its_type(client: bigquery.Client, kind: str) -> None:
    run(client, f"CREATE TABLE t (s STRUCT<n {kind}, l ARRAY<{kind}>>, n {kind})")
    run(client, "CREATE TABLE u (s STRUCT<n NUMERIC, l ARRAY<NUMERIC>>, n NUMERIC)")
    for table in ("t", "u"):
        run(client, f"INSERT INTO {table} (s, n) VALUES ((1.5, [2.50, -3, 100]), 0.25)")
    query = "SELECT TO_JSON_STRING(s), TO_JSON_STRING(n) FROM"
    rows = [run(client, f"{query} {table}") for table in ("t", "u")]
    assert rows[0] == rows[1] == [('{"n":1.5,"l":[2.5,-3,100]}', "0.25")]
