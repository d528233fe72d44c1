"""Every kind of table through a backup's whole life: column type x mode x partitions x options.

Each example deals all pairs of a type and a mode out to one table per layout, makes the tables
from their files as the provider does, fills them, and has every row back from snapshots and from
Parquet, or a refusal before anything is touched. Layouts that sql/ refuses are made by DDL.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest
from google.cloud import bigquery
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bqstack.catalogue import Table, load
from bqstack.errors import UserError
from eros.cloud.google import Google
from eros.operations import backup as backups
from eros.operations.backup import Source, bucket, inventory
from packages.bqstack.tests.sql_folder import SqlFolder
from tests.sql.backup_cloud import backup_cloud
from tests.sql.conftest import PROJECT, Build

pytestmark = [pytest.mark.sql, pytest.mark.emulator]

ME = "user:local-bigquery@localhost"
FEW = hypothesis_settings(
    # Each is a dataset of 15 tables; more of them by this variable.
    max_examples=int(os.environ.get("EROS_MATRIX_EXAMPLES", "1")),
    deadline=None,
    derandomize=True,
    # An example is a dataset of tables: small enough to read, and too slow to shrink.
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
# Values of each type, the least and the greatest and those that a text may garble among them.
VALUES: dict[str, list[str]] = {
    "STRING": ["''", "'null'", "'a\\'\"\\n\\\\'", "'\\u00e9\\U0001F600'"],
    "STRING(3)": ["'abc'", "''"],
    "BYTES": ["b''", "b'\\xff\\x00a'"],
    "INT64": ["0", "9223372036854775807", "(-9223372036854775807 - 1)"],
    "FLOAT64": ["0.1", "1e308", "CAST('NaN' AS FLOAT64)", "CAST('-inf' AS FLOAT64)"],
    "NUMERIC": ["NUMERIC '0'", "NUMERIC '-99999999999999999999999999999.999999999'"],
    "NUMERIC(5, 2)": ["NUMERIC '999.99'", "NUMERIC '-0.01'"],
    "BIGNUMERIC": ["BIGNUMERIC '1.5'", "BIGNUMERIC '-0.000000000000000001'"],
    "BOOL": ["TRUE", "FALSE"],
    "DATE": ["DATE '0001-01-01'", "DATE '9999-12-31'", "DATE '2026-02-28'"],
    "TIME": ["TIME '00:00:00'", "TIME '23:59:59.999999'"],
    "DATETIME": ["DATETIME '0001-01-01 00:00:00'", "DATETIME '9999-12-31 23:59:59.999999'"],
    "TIMESTAMP": ["TIMESTAMP '2026-01-02 03:04:05.678901+00'", "TIMESTAMP '1970-01-01 00:00:00Z'"],
    "STRUCT<n INT64, l ARRAY<STRING>>": ["STRUCT(1 AS n, ['x', ''] AS l)", "(NULL, [])"],
    "STRUCT<s STRUCT<d DATE, n NUMERIC>>": ["STRUCT(STRUCT(DATE '2026-01-01', 1.5))"],
    "JSON": ["""JSON '{"b": [1, 2.5, null], "a": "x"}'""", "JSON 'null'", "JSON '\"\"'"],
    "GEOGRAPHY": ["ST_GEOGPOINT(1, 2)"],
    "INTERVAL": ["INTERVAL 1 DAY", "INTERVAL 3 MONTH"],
    "RANGE<DATE>": [
        "RANGE(DATE '2026-01-01', NULL)",
        "RANGE(DATE '2026-01-01', DATE '2026-02-01')",
    ],
}
MODES = ("NULLABLE", "NOT NULL", "ARRAY", "DEFAULT")
# The local BigQuery keeps no default of these (docs/fidelity.md).
NO_DEFAULT = ("STRUCT", "RANGE")
PAIRS = [
    pair
    for pair in itertools.product(VALUES, MODES)
    if pair[1] != "DEFAULT" or not pair[0].startswith(NO_DEFAULT)
]
UNFIT = ("GEOGRAPHY", "INTERVAL", "RANGE<DATE>")
DAYS = ("DATE '2026-02-28'", "DATE '2026-03-01'", "NULL")
MOMENTS = ("TIMESTAMP '2026-02-28 23:59:59+00'", "TIMESTAMP '2026-03-01 00:00:00+00'", "NULL")
LONG_AGO = ("DATE '0001-01-01'", "DATE '1899-12-31'", "NULL")


@dataclass(frozen=True)
class Layout:
    """How a table is laid out: its partition column with values, the clause, and options."""

    column: str = ""
    values: tuple[str, ...] = ("NULL",)
    clause: str = ""
    options: tuple[str, ...] = ()


FILTERED = ("require_partition_filter = TRUE",)
KEPT = ("partition_expiration_days = 36500",)
LAYOUTS = [
    Layout(),
    *(
        Layout(column, values, clause, options)
        for (column, values, clause), options in itertools.product(
            [
                ("p DATE", DAYS, "PARTITION BY p"),
                ("p TIMESTAMP", MOMENTS, "PARTITION BY TIMESTAMP_TRUNC(p, HOUR)"),
                ("", ("NULL",), "PARTITION BY _PARTITIONDATE"),
            ],
            [FILTERED, KEPT, FILTERED + KEPT],
        )
    ),
    Layout("p DATE", LONG_AGO, "PARTITION BY DATE_TRUNC(p, YEAR)", FILTERED),
    Layout(
        "p DATETIME",
        ("DATETIME '0001-01-01 00:00:00'", "DATETIME '2026-02-28 01:02:03'", "NULL"),
        "PARTITION BY DATETIME_TRUNC(p, MONTH)",
        FILTERED,
    ),
    Layout("p TIMESTAMP NOT NULL", MOMENTS[:2], "PARTITION BY DATE(p)", FILTERED),
    Layout("", ("NULL",), "PARTITION BY TIMESTAMP_TRUNC(_PARTITIONTIME, HOUR)", FILTERED),
    Layout(
        "p INT64",
        ("-1", "0", "99", "9223372036854775807", "(-9223372036854775807 - 1)", "NULL"),
        "PARTITION BY RANGE_BUCKET(p, GENERATE_ARRAY(0, 100, 10))",
        FILTERED,
    ),
]
INGESTED = ("TIMESTAMP '2026-02-27 00:00:00+00'", "TIMESTAMP '2026-03-01 00:00:00+00'")


@dataclass
class Made:
    """A table: its DDL, and the statements that fill it."""

    name: str
    layout: Layout
    columns: list[tuple[str, str]] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)

    @property
    def is_by_ingestion(self) -> bool:
        return "_PARTITION" in self.layout.clause

    @property
    def can_be_exported(self) -> bool:
        def is_unfit(kind: str, mode: str) -> bool:
            return kind in UNFIT or (kind == "JSON" and mode == "ARRAY")

        return not any(is_unfit(*pair) for pair in self.columns)

    @property
    def is_accepted(self) -> bool:
        """Whether sql/ may hold it; others are there, and made by others."""
        return not self.is_by_ingestion and "RANGE_BUCKET" not in self.layout.clause

    def definition(self, name: str) -> tuple[str, list[str]]:
        """What stands behind CREATE TABLE, and the columns that rows are written to."""
        definitions = ["id INT64", self.layout.column] if self.layout.column else ["id INT64"]
        names = ["id", *(["p"] if self.layout.column else [])]
        clusters = ["id"]
        for number, (kind, mode) in enumerate(self.columns):
            names.append(f"c{number}")
            suffix = {"NOT NULL": " NOT NULL", "DEFAULT": f" DEFAULT {VALUES[kind][0]}"}
            text = f"ARRAY<{kind}>" if mode == "ARRAY" else kind + suffix.get(mode, "")
            definitions.append(f"`c{number}` {text}")
            if kind in ("STRING", "INT64", "DATE", "BOOL") and mode != "ARRAY":
                clusters.append(f"`c{number}`")
        options = f"\nOPTIONS ({', '.join(self.layout.options)})" if self.layout.options else ""
        names += ["_PARTITIONTIME"] if self.is_by_ingestion else []
        text = (
            f"{name} ({', '.join(definitions)})\n"
            f"{self.layout.clause}\nCLUSTER BY {', '.join(clusters[:4])}{options};"
        )
        return text, names

    def create(self, google: Google, folder: SqlFolder) -> None:
        """Make it as an update does: from its file, through the API; or by DDL, and no file."""
        dataset = google.settings.dataset
        file = f"tables/{self.name}.sql"
        text, _ = self.definition(f"@{self.name}")
        folder.write(file, f"CREATE TABLE IF NOT EXISTS {text}")
        if self.is_accepted:
            declared = load(google.settings, folder.root).objects[self.name]
            assert isinstance(declared, Table)
            google.bigquery.create_table(bigquery.Table.from_api_repr(resource(declared, google)))
        else:
            with pytest.raises(UserError, match="partition by a column"):
                load(google.settings, folder.root)
            text, _ = self.definition(f"{dataset}.{self.name}")
            run(google.bigquery, f"CREATE TABLE {text}")
        (folder.root / "sql" / file).unlink()

    def insert(self, dataset: str) -> str:
        """A statement that fills it."""
        _, names = self.definition(self.name)
        listed = ",\n".join(f"({', '.join(row)})" for row in self.rows)
        return f"INSERT INTO {dataset}.{self.name} ({', '.join(names)}) VALUES {listed};"

    def dump(self, dataset: str) -> str:
        """A query for every row as a text; names the partition column in a way of its own."""
        own = "_PARTITIONTIME" if self.is_by_ingestion else "p" if self.layout.column else "id"
        return (
            f"SELECT '{self.name}' AS name, "
            f"CONCAT(TO_JSON_STRING(t), IFNULL(CAST({own} AS STRING), 'NULL')) AS line\n"
            f"FROM {dataset}.{self.name} AS t WHERE {own} IS NOT NULL OR {own} IS NULL"
        )


def resource(table: Table, google: Google) -> dict[str, Any]:
    """The body that the provider sends to create a table of the catalogue."""
    settings = google.settings
    body: dict[str, Any] = {
        "tableReference": {
            "projectId": settings.project,
            "datasetId": settings.dataset,
            "tableId": table.name,
        },
        "schema": {"fields": list(table.schema)},
        "clustering": {"fields": list(table.clustering)},
    }
    if table.partitioning is not None:
        body["timePartitioning"] = dict(table.partitioning)
        if table.partition_expiration_days is not None:
            life = round(table.partition_expiration_days * 86_400_000)
            body["timePartitioning"]["expirationMs"] = str(life)
        body["requirePartitionFilter"] = table.require_partition_filter
    return body


def catalogue(seed: int) -> list[Made]:
    """One table per layout, all pairs of type and mode dealt out, and rows for each."""
    chance = Random(seed)
    pairs = chance.sample(PAIRS, len(PAIRS))
    tables = [
        Made(f"t{n}", layout) for n, layout in enumerate(chance.sample(LAYOUTS, len(LAYOUTS)))
    ]
    # What Parquet does not carry goes together, or no table could be exported.
    unfit = [pair for pair in pairs if pair[0] in UNFIT or pair == ("JSON", "ARRAY")]
    for n, pair in enumerate(pair for pair in pairs if pair not in unfit):
        tables[n % (len(tables) - 3)].columns.append(pair)
    for n, pair in enumerate(unfit):
        tables[-1 - n % 3].columns.append(pair)
    for table in tables:
        for number in range(4):
            row = [str(number)]
            if table.layout.column:
                row.append(chance.choice(table.layout.values))
            for kind, mode in table.columns:
                if mode == "ARRAY":
                    values = chance.choices(VALUES[kind], k=chance.randrange(4))
                    row.append(f"[{', '.join(values)}]")
                elif mode != "NOT NULL" and chance.random() < 0.3:
                    row.append("NULL")
                else:
                    row.append(chance.choice(VALUES[kind]))
            if table.is_by_ingestion:
                row.append(chance.choice(INGESTED))
            table.rows.append(row)
    return tables


@pytest.fixture(scope="module")
def cloud(
    build: Build, client: bigquery.Client, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Google]:
    """Room for backups of a dataset; every example has a dataset of its own."""
    empty = build("backup_matrix", only=())
    backup = {"bucket": "eros-matrix-backups", "dataset": "backup_matrix_backups"}
    changed = empty.settings.model_copy(
        update={"backup": empty.settings.backup.model_copy(update=backup)}
    )
    with backup_cloud(client, changed, empty.catalogue, tmp_path_factory) as made:
        yield made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> SqlFolder:
    return SqlFolder(tmp_path_factory.mktemp("matrix"))


_numbers = itertools.count()


def new(cloud: Google, client: bigquery.Client) -> Google:
    """The same cloud with another dataset, empty."""
    dataset = f"backup_matrix_{next(_numbers)}"
    client.create_dataset(f"{PROJECT}.{dataset}")
    return Google(cloud.settings.model_copy(update={"dataset": dataset}))


def run(client: bigquery.Client, sql: str) -> list[Any]:
    return list(client.query(sql, retry=None, job_retry=None).result())


@pytest.mark.timeout(900)
@FEW
@given(st.integers(1, 2**32))
def test_every_row_of_every_kind_of_table_comes_back(
    cloud: Google, client: bigquery.Client, folder: SqlFolder, seed: int
) -> None:
    tables = catalogue(seed)
    google = new(cloud, client)
    dataset = google.settings.dataset
    for table in tables:
        table.create(google, folder)
    run(client, "\n".join(table.insert(dataset) for table in tables))
    dump = "\nUNION ALL\n".join(table.dump(dataset) for table in tables)
    spoil = "\n".join(
        f"TRUNCATE TABLE {dataset}.{table.name};"
        if n % 2
        else f"DELETE FROM {dataset}.{table.name} WHERE {own_filter(table)};"
        for n, table in enumerate(tables)
    )

    def rows() -> list[tuple[str, str]]:
        return sorted((row.name, row.line) for row in run(client, dump))

    before = rows()
    assert len(before) == 4 * len(tables)
    exportable = [table.name for table in tables if table.can_be_exported]
    others = [table.name for table in tables if not table.can_be_exported]
    assert len(others) == 3

    def comes_back(made: backups.Backup, source: Source) -> None:
        verified = backups.verify(google, made, source=source)
        assert {one.table: one.different for one in verified if not one.equal} == {}
        run(client, spoil)
        assert len(rows()) < len(before) / 2
        done = backups.restore(google, made, source=source, safety=False, force=True)
        assert {one.table: one.different for one in done.comparisons if not one.equal} == {}

    made = backups.create(google, tables=exportable, export=True)
    rest = backups.create(google, tables=others)
    assert (made.rows, rest.rows) == (4 * len(exportable), 4 * len(others))
    for source in (Source.SNAPSHOT, Source.EXPORT):
        comes_back(made, source)
        backups.restore(google, rest, safety=False, force=True)
        assert rows() == before
    assert all(one.equal for one in backups.verify(google, rest))

    for name in others:
        taken = len(inventory.snapshots(google)), bucket.objects(google)
        with pytest.raises(UserError, match=f"the column {name}.*which Parquet does not"):
            backups.create(google, tables=[*exportable, name], export=True)
        assert (len(inventory.snapshots(google)), bucket.objects(google)) == taken
    run(client, f"DROP SCHEMA {dataset} CASCADE")


def own_filter(table: Made) -> str:
    """Every row but the third, with a mention of the partition column."""
    if table.is_by_ingestion:
        return "id != 2 AND (_PARTITIONTIME IS NULL OR _PARTITIONTIME IS NOT NULL)"
    return "id != 2 AND (p IS NULL OR p IS NOT NULL)" if table.layout.column else "id != 2"


# Row access policies ----------------------------------------------------------------------


@pytest.fixture
def secured(cloud: Google, client: bigquery.Client) -> Iterator[Google]:
    """A table of ten rows, of which a policy shows the caller four, and one without policies."""
    google = new(cloud, client)
    dataset = google.settings.dataset
    run(
        client,
        f"""
        CREATE TABLE {dataset}.zs (id INT64, k STRING);
        INSERT INTO {dataset}.zs SELECT n, 'x' FROM UNNEST(GENERATE_ARRAY(1, 10)) AS n;
        CREATE TABLE {dataset}.plain (id INT64);
        INSERT INTO {dataset}.plain VALUES (1);
        """,
    )
    grant(client, dataset, "low", "id <= 4")
    yield google
    run(client, f"DROP SCHEMA {dataset} CASCADE")


def grant(client: bigquery.Client, dataset: str, name: str, condition: str) -> None:
    run(
        client,
        f"CREATE OR REPLACE ROW ACCESS POLICY {name} ON {dataset}.zs "
        f"GRANT TO ('{ME}') FILTER USING ({condition})",
    )


def test_a_backup_of_rows_that_are_hidden_is_refused_by_table_and_policy(
    secured: Google, client: bigquery.Client
) -> None:
    taken = inventory.snapshots(secured)
    for call in (
        lambda: backups.create(secured, tables=["plain", "zs"]),
        lambda: backups.create(secured, tables=["zs"], export=True),
        lambda: backups.checksums(secured, ["zs"]),
    ):
        with pytest.raises(UserError, match=r"\(zs: low\); nothing was changed") as refused:
            call()
        assert "FILTER USING (TRUE)" in (refused.value.fix or "")
    assert inventory.snapshots(secured) == taken
    # Others may see what they like, as long as the caller sees all.
    grant(client, secured.settings.dataset, "everything", "TRUE")
    assert backups.create(secured, tables=["zs"]).rows == 10


def test_a_restore_over_rows_that_are_hidden_is_refused(
    secured: Google, client: bigquery.Client
) -> None:
    dataset = secured.settings.dataset
    grant(client, dataset, "everything", "TRUE")
    made = backups.create(secured, tables=["plain", "zs"])
    run(client, f"DELETE FROM {dataset}.zs WHERE id > 8")
    run(client, f"DROP ROW ACCESS POLICY everything ON {dataset}.zs")
    with pytest.raises(UserError, match=r"\(zs: low\); nothing was changed"):
        backups.restore(secured, made, safety=False, force=True)
    assert backups.unfinished(secured) is None
    grant(client, dataset, "everything", "TRUE")
    assert backups.restore(secured, made, safety=False, force=True).equal
    [row] = run(client, f"SELECT COUNT(*) AS n FROM {dataset}.zs")
    assert row.n == 10


@pytest.mark.parametrize(
    "call",
    [
        lambda google, made: backups.verify(google, made),
        lambda google, made: backups.restore(google, made, safety=False, force=True),
    ],
)
def test_a_snapshot_keeps_the_policies_of_its_table_and_is_not_read_in_part(
    secured: Google, client: bigquery.Client, call: Callable[[Google, backups.Backup], Any]
) -> None:
    dataset = secured.settings.dataset
    grant(client, dataset, "everything", "TRUE")
    made = backups.create(secured, tables=["zs"])
    snapshot = made.snapshots["zs"]
    run(
        client,
        f"DROP ROW ACCESS POLICY everything ON {secured.settings.backup.dataset}.{snapshot}",
    )
    with pytest.raises(UserError, match=rf"\({snapshot}: low\)"):
        call(secured, made)
    [row] = run(client, f"SELECT COUNT(*) AS n FROM {dataset}.zs")
    assert row.n == 10
