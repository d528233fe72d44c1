"""Every kind of table through a backup's whole life: column type x mode x partitions x options.

Each example deals all pairs of a type and a mode out to one table per layout, makes the tables
from their files as the provider does, fills them, and has every row back from snapshots and from
Parquet, or a refusal before anything is touched. Layouts that sql/ refuses are made by DDL.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
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
from tests.matrix import (
    DAYS,
    FILTERED,
    KEPT,
    LONG_AGO,
    MOMENTS,
    PAIRS,
    WHENS,
    Layout,
    Made,
    is_unfit,
    partitions,
    unusual,
    wide,
)
from tests.sql.backup_cloud import backup_cloud
from tests.sql.conftest import PROJECT, Build

pytestmark = [pytest.mark.sql, pytest.mark.emulator]

ME = "user:local-bigquery@localhost"
FEW = hypothesis_settings(
    # Each is a dataset of 28 tables; more of them by this variable.
    max_examples=int(os.environ.get("EROS_MATRIX_EXAMPLES", "2")),
    deadline=None,
    derandomize=True,
    # An example is a dataset of tables: small enough to read, and too slow to shrink.
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
LAYOUTS = [
    Layout(),
    *partitions(),
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
    Layout("p DATETIME", WHENS, "PARTITION BY DATETIME_TRUNC(p, MONTH)", FILTERED),
    # What sql/ may not have.
    Layout("", ("NULL",), "PARTITION BY TIMESTAMP_TRUNC(_PARTITIONTIME, HOUR)", FILTERED),
    Layout(
        "p INT64",
        ("-1", "0", "99", "9223372036854775807", "(-9223372036854775807 - 1)", "NULL"),
        "PARTITION BY RANGE_BUCKET(p, GENERATE_ARRAY(0, 100, 10))",
        FILTERED,
    ),
]


def create(made: Made, google: Google, folder: SqlFolder) -> None:
    """Make it as an update does: from its file, through the API; or by DDL, and no file."""
    dataset = google.settings.dataset
    file = f"tables/{made.name}.sql"
    text, _ = made.definition(f"@`{made.name}`")
    folder.write(file, f"CREATE TABLE IF NOT EXISTS {text}")
    if made.layout.is_accepted:
        declared = load(google.settings, folder.root).objects[made.name]
        assert isinstance(declared, Table)
        google.bigquery.create_table(bigquery.Table.from_api_repr(resource(declared, google)))
    else:
        with pytest.raises(UserError, match="partition by a column"):
            load(google.settings, folder.root)
        text, _ = made.definition(f"{dataset}.`{made.name}`")
        run(google.bigquery, f"CREATE TABLE {text}")
    (folder.root / "sql" / file).unlink()


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
        Made(unusual("t", n), layout, has_unusual_names=True)
        for n, layout in enumerate(chance.sample(LAYOUTS, len(LAYOUTS)))
    ]
    # What Parquet does not carry goes together, or no table could be exported.
    unfit = [pair for pair in pairs if is_unfit(*pair)]
    for n, pair in enumerate(pair for pair in pairs if pair not in unfit):
        tables[n % (len(tables) - 3)].columns.append(pair)
    for n, pair in enumerate(unfit):
        tables[-1 - n % 3].columns.append(pair)
    for table in tables:
        table.fill(chance)
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
        create(table, google, folder)
    run(client, "\n".join(table.insert(dataset) for table in tables))
    dump = "\nUNION ALL\n".join(table.dump(dataset) for table in tables)
    spoil = "\n".join(table.spoil(dataset, whole=bool(n % 2)) for n, table in enumerate(tables))

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
        with pytest.raises(UserError, match=f"the column {name}.*which Parquet cannot restore"):
            backups.create(google, tables=[*exportable, name], export=True)
        assert (len(inventory.snapshots(google)), bucket.objects(google)) == taken
    run(client, f"DROP SCHEMA {dataset} CASCADE")


@pytest.mark.timeout(600)
def test_every_row_of_a_thousand_columns_and_of_fifteen_levels_comes_back(
    cloud: Google, client: bigquery.Client, folder: SqlFolder
) -> None:
    tables = wide(Random(1))
    google = new(cloud, client)
    dataset = google.settings.dataset
    for table in tables:
        create(table, google, folder)
        live = google.bigquery.get_table(f"{dataset}.{table.name}")
        assert len(live.schema) == len(table.columns) + 1 + bool(table.layout.column)
    run(client, "\n".join(table.insert(dataset) for table in tables))
    dump = "\nUNION ALL\n".join(table.dump(dataset) for table in tables)
    before = sorted((row.name, row.line) for row in run(client, dump))
    assert len(before) == 8
    made = backups.create(google, tables=[table.name for table in tables], export=True)
    assert made.rows == 8
    for source in (Source.SNAPSHOT, Source.EXPORT):
        assert all(one.equal for one in backups.verify(google, made, source=source))
        run(client, "\n".join(table.spoil(dataset, whole=True) for table in tables))
        assert backups.restore(google, made, source=source, safety=False, force=True).equal
        assert sorted((row.name, row.line) for row in run(client, dump)) == before
    run(client, f"DROP SCHEMA {dataset} CASCADE")


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
