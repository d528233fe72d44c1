"""The statements of backups and restores, as Google's own analyser reads them."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from google.cloud import bigquery
from zetasql.wasi._pb2.zetasql.proto.function_pb2 import (
    FunctionArgumentTypeProto,
    FunctionProto,
    FunctionSignatureProto,
)
from zetasql.wasi._pb2.zetasql.public import function_pb2 as enums
from zetasql.wasi._pb2.zetasql.public.type_pb2 import TypeProto

from bqstack import partition_filter
from bqstack.analysis import analyser_types
from bqstack.analysis.analyser import Analyser, SqlError
from bqstack.analysis.scope import Facts, World
from eros.operations.backup import backup_jobs, bucket, column_fit, ledger, restore_sql, sums
from eros.operations.backup.backup_record import Sums, TableCopy
from eros.operations.backup.ledger_tables import TABLES
from eros.operations.backup.restore_plan import TablePlan
from eros.operations.backup.sums import Relation
from eros.project.project import Project
from eros.project.settings import Settings
from eros.project.stack_file import parse
from tests.unit.conftest import VALUES

# Every type that a column of BigQuery can have, in and out of arrays and structs.
KINDS = (
    *("STRING", "BYTES", "INTEGER", "FLOAT", "NUMERIC", "BIGNUMERIC", "BOOLEAN", "TIMESTAMP"),
    *("DATE", "TIME", "DATETIME", "GEOGRAPHY", "JSON", "INTERVAL"),
)
INNER = [
    {"name": "x", "type": "INTEGER", "mode": "NULLABLE"},
    {"name": "y", "type": "STRING", "mode": "REPEATED"},
]
SCHEMA: list[dict[str, Any]] = [
    *({"name": f"c_{kind.lower()}", "type": kind, "mode": "NULLABLE"} for kind in KINDS),
    *(
        {"name": f"a_{kind.lower()}", "type": kind, "mode": "REPEATED"}
        for kind in ("STRING", "NUMERIC", "JSON", "TIMESTAMP")
    ),
    {"name": "r", "type": "RECORD", "mode": "NULLABLE", "fields": INNER},
    {"name": "a_r", "type": "RECORD", "mode": "REPEATED", "fields": INNER},
]
TABLE = "`test-project`.`brain`.`t`"


class Reader:
    """Google's analyser over one catalogue of tables, all in the dataset `brain`."""

    def __init__(self, settings: Settings) -> None:
        world = World(settings.project, settings.dataset, "region-us")
        for item in Project(settings).sql.tables:
            world.declare(item)
        schemas = {name: schema for name, (_, schema) in TABLES.items()} | {"t": SCHEMA}
        # Such a name alone means the whole row.
        schemas |= dict.fromkeys((field["name"] for field in SCHEMA), SCHEMA)
        for name, schema in schemas.items():
            world.add_table(name, Facts({f["name"]: analyser_types.field(f) for f in schema}))
        # Parameters of a job are not declared in its text; constants are as good to analyse.
        self._analyser = Analyser()
        catalogue = world.catalogue(parameters(), {})
        catalogue.custom_function.append(hash60())
        self._catalogue = self._analyser.register(catalogue)

    def read(self, sql: str) -> None:
        """Fail unless the analyser takes every statement."""
        text = sql.replace("@restore_id", "restore_id").replace("@details", "details")
        for statement in filter(str.strip, text.replace("`eros_backups`", "`brain`").split(";\n")):
            self._analyser.analyse(self._catalogue, statement.rstrip(";"))


def parameters() -> dict[str, TypeProto]:
    return dict.fromkeys(["restore_id", "details"], analyser_types.parsed("STRING"))


def hash60() -> FunctionProto:
    """The signature of the checksums' own function, which each of their queries begins with."""
    value, result = (
        FunctionArgumentTypeProto(
            kind=enums.ARG_TYPE_FIXED, type=analyser_types.parsed(kind), num_occurrences=1
        )
        for kind in ("STRING", "NUMERIC")
    )
    signature = FunctionSignatureProto(argument=[value], return_type=result)
    return FunctionProto(name_path=["hash60"], group="UDF", mode="SCALAR", signature=[signature])


@pytest.fixture(scope="module")
def settings() -> Settings:
    return parse(VALUES, "f")


@pytest.fixture(scope="module")
def reader(settings: Settings) -> Reader:
    return Reader(settings)


def test_the_checksums_of_every_type_of_column(reader, settings):
    tables = {
        item.name: Relation(f"`test-project`.`brain`.`{item.name}`", item.schema)
        for item in Project(settings).sql.tables
    }
    moment = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
    reader.read(sums.query({"t": Relation(TABLE, SCHEMA, where="each_row.c_integer > 0")}))
    reader.read(sums.query(tables, at=moment))


@pytest.mark.parametrize("column", [field["name"] for field in SCHEMA])
def test_a_table_that_is_named_like_one_of_its_columns(reader, column):
    """`SELECT day FROM day` gives a STRUCT of all columns."""
    name = f"`test-project`.`brain`.`{column}`"
    layout = {"timePartitioning": {"field": "c_date"}, "schema": {"fields": SCHEMA}}
    where = partition_filter.every_row(layout)
    reader.read(sums.query({column: Relation(name, SCHEMA, where=where)}))
    partitioning = SimpleNamespace(type_="DAY", field="c_date", expiration_ms="86400000")
    reader.read(backup_jobs.counting(name, column_fit.unexpired(partitioning, datetime.now(UTC))))


@pytest.mark.parametrize("source", [TABLE, "`test-project`.`brain`.`c_date`"])
@pytest.mark.parametrize("staged", [False, True])
def test_the_replacement_of_rows(reader, settings, staged, source):
    schema = [field for field in SCHEMA if not (staged and field["type"] == "JSON")]
    partitioning = SimpleNamespace(type_="DAY", field="c_date", expiration_ms="86400000")
    plan = TablePlan(
        name="t",
        rows_now=0,
        expected=Sums(0, {}, "0"),
        expired=0,
        fit=column_fit.Fit(tuple(schema), ()),
        source=source,
        where=column_fit.unexpired(partitioning, datetime.now(UTC)),
        size=0,
    )
    [script] = restore_sql.statements("test-project", "brain", [plan], is_staged=staged).values()
    reader.read(script)
    reader.read(ledger.applied_statement(SimpleNamespace(settings=settings)))


def test_json_that_was_exported_as_text_is_read_again(reader):
    fields = [field for field in SCHEMA if field["type"] == "JSON" and field["mode"] == "NULLABLE"]
    [column] = fields
    text = bucket.as_text(column)
    back = column_fit.expressions(fields, is_staged=True)
    reader.read(
        f"SELECT JSON_VALUE({back}) "
        f"FROM (SELECT {text} FROM {TABLE} AS {partition_filter.ROW}) AS {partition_filter.ROW}"
    )


@pytest.mark.parametrize(
    "layout",
    [
        *({"timePartitioning": {"field": f"c_{k}"}} for k in ("date", "datetime", "timestamp")),
        {"rangePartitioning": {"field": "c_integer"}},
    ],
)
def test_the_filter_for_every_partition(reader, layout):
    where = partition_filter.every_row({**layout, "schema": {"fields": SCHEMA}})
    reader.read(backup_jobs.counting(TABLE, where))
    assert partition_filter.every_row({"schema": SCHEMA}) is None


@pytest.mark.parametrize("kind", ["DATE", "TIMESTAMP", "DATETIME"])
@pytest.mark.parametrize("unit", ["HOUR", "DAY", "MONTH", "YEAR"])
def test_the_filter_for_partitions_that_live_on(reader, kind, unit):
    partitioning = SimpleNamespace(type_=unit, field=f"c_{kind.lower()}", expiration_ms="86400000")
    where = column_fit.unexpired(partitioning, datetime.now(UTC))
    reader.read(backup_jobs.counting(TABLE, where))


def test_the_export(reader, settings, monkeypatch):
    statements = []
    monkeypatch.setattr(
        bucket.backup_jobs, "rows", lambda google, sql, sizes: statements.append(sql)
    )
    fit = tuple(f for f in SCHEMA if f["type"] not in ("INTERVAL", "GEOGRAPHY", "RANGE"))
    table = TableCopy("t", bytes=1, schema=fit, sums=Sums(1, {}, "1"))
    monkeypatch.setattr(bucket, "snapshot", lambda name, backup: name)
    snapshot = bigquery.Table("p.d.t", [bigquery.SchemaField.from_api_repr(f) for f in fit])
    snapshot.time_partitioning = bigquery.TimePartitioning(field="c_date")
    client = SimpleNamespace(get_table=lambda _: snapshot)
    google = SimpleNamespace(settings=settings, bigquery=client)
    bucket.export_table(google, SimpleNamespace(id="20260101_000000"), table)
    [statement] = statements
    assert statement.endswith(
        "WHERE (each_row.`c_date` IS NULL OR each_row.`c_date` >= DATE '0001-01-01')"
    )
    assert "uri = 'gs://test-bucket/20260101_000000/t-*.parquet'" in statement
    reader.read(statement)


def test_the_analyser_would_tell(reader):
    with pytest.raises(SqlError, match="nope"):
        reader.read(
            f"TRUNCATE TABLE {TABLE};\nINSERT INTO {TABLE} (nope) SELECT c_date FROM {TABLE};"
        )
