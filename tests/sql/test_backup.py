"""Backups on the emulator and the storage server: what is made, broken off, put back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from google.cloud import bigquery
from typer.testing import CliRunner

from bqstack.catalogue import Kind as ObjectKind
from bqstack.errors import UserError
from eros.cli import backup as cli
from eros.cloud.google import Google
from eros.operations import backup as backups
from eros.operations.backup import (
    Backup,
    Kind,
    Source,
    State,
    Sums,
    activity,
    backup_jobs,
    bucket,
    ledger,
    restoring,
    scratch,
)
from eros.operations.backup.sums import Relation, add_up
from eros.project.project import Project
from tests.sql.backup_cloud import backup_cloud
from tests.sql.conftest import PROJECT, Build, Warehouse

pytestmark = pytest.mark.emulator

DAY_MS = 24 * 60 * 60 * 1000
# Values of the first and the second row; the third holds NULL wherever it may.
VALUES = {
    "STRING": ("'a'", "'null'"),
    "INTEGER": ("1", "-7"),
    "FLOAT": ("0.1", "CAST('NaN' AS FLOAT64)"),
    "NUMERIC": ("123456789.123456789", "-0.000000001"),
    "BOOLEAN": ("TRUE", "FALSE"),
    "DATE": ("CURRENT_DATE()", "DATE_SUB(CURRENT_DATE(), INTERVAL 1 DAY)"),
    "TIMESTAMP": ("CURRENT_TIMESTAMP()", "TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR)"),
    "JSON": ("""JSON '{"b": [1, 2.5, null], "a": "x"}'""", "JSON 'null'"),
}


@pytest.fixture(scope="module")
def warehouse(build: Build) -> Warehouse:
    """Every table of the system, without routines and views."""
    settings = build("backup_empty", only=()).settings
    tables = [t.name for t in Project(settings).sql.tables if t.kind is not ObjectKind.LOCAL_TABLE]
    made = build("backup_tables", only=tables)
    # The emulator keeps the expiration only when it comes through the API, as the program's does.
    for name, days in (("automation_alerts", 90),):
        table = made.client.get_table(f"{PROJECT}.backup_tables.{name}")
        table.time_partitioning.expiration_ms = days * DAY_MS
        made.client.update_table(table, ["time_partitioning"])
    return made


@pytest.fixture(scope="module")
def google(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Google]:
    """Clients of the emulator and of a server for the other APIs, with room for backups."""
    settings, catalogue = warehouse.settings, warehouse.catalogue
    with backup_cloud(warehouse.client, settings, catalogue, tmp_path_factory) as made:
        yield made


TWO = ["automation_alerts", "schedule_generation_queue"]


@pytest.fixture(scope="module")
def shared(google: Google, warehouse: Warehouse) -> Backup:
    """A backup of two tables with three rows each; kept long enough for the tests of pruning."""
    fill(warehouse, TWO)
    return backups.create(google, tables=TWO, kind=Kind.DEPLOYMENT, export=True)


@pytest.fixture
def spoiled(google: Google, warehouse: Warehouse, shared: Backup) -> dict[str, Sums]:
    """The two tables with other rows than in the shared backup; what they come to."""
    spoil(warehouse, TWO)
    return backups.checksums(google, TWO)


def sums_of(backup: Backup) -> dict[str, Sums]:
    """What the tables of a backup come to."""
    return {table.name: table.sums for table in backup.tables}


@pytest.fixture(autouse=True)
def nothing_unfinished(google: Google) -> Iterator[None]:
    """A restore that a test leaves open is closed for the next."""
    yield
    if attempt := backups.unfinished(google):
        ledger.step(google, attempt.id, "FAILED", {"error": "the test has ended"})


def fill(warehouse: Warehouse, names: list[str]) -> None:
    """Replace the rows of these tables by three that hold every kind of value."""
    script = []
    for name in names:
        schema = warehouse.catalogue.objects[name].schema
        columns = ", ".join(field["name"] for field in schema)
        rows = (
            ", ".join(
                "NULL" if row == 2 and field["mode"] != "REQUIRED" else literal(field, row % 2)
                for field in schema
            )
            for row in range(3)
        )
        values = ", ".join(f"({row})" for row in rows)
        script.append(f"TRUNCATE TABLE {name};\nINSERT INTO {name} ({columns}) VALUES {values};")
    warehouse.run("\n".join(script))


def literal(field: Mapping[str, Any], which: int) -> str:
    """One of the two values of a column, whatever it nests."""
    if field["type"] == "RECORD":
        value = f"STRUCT({', '.join(literal(inner, which) for inner in field['fields'])})"
    else:
        value = VALUES[field["type"]][which]
    return f"[{value}, {value}]" if field["mode"] == "REPEATED" else value


def spoil(warehouse: Warehouse, names: list[str]) -> None:
    """Lose every row of every other table, and have those of the others twice."""
    warehouse.run(
        "\n".join(
            f"TRUNCATE TABLE {name};" if n % 2 else f"INSERT INTO {name} SELECT * FROM {name};"
            for n, name in enumerate(names)
        )
    )


@dataclass(frozen=True)
class Whole:
    """Every table as it was at a moment, and a backup of that."""

    moment: datetime
    sums: dict[str, Sums]
    backup: Backup


@pytest.fixture(scope="module")
def whole(google: Google, warehouse: Warehouse) -> Whole:
    """Three rows in every table, with an exported backup."""
    names = backups.tables_of(google)
    assert set(names) == warehouse.created
    fill(warehouse, names)
    moment = backup_jobs.now(google)
    return Whole(moment, backups.checksums(google), backups.create(google, export=True))


def test_a_backup_has_the_sums_of_the_live_tables(google, whole):
    assert {sums.rows for sums in whole.sums.values()} == {3}
    assert sums_of(whole.backup) == whole.sums


@pytest.mark.parametrize("source", list(Source))
def test_every_table_comes_back_from_each_source(google, warehouse, whole, source):
    spoil(warehouse, list(whole.sums))
    copy = whole.backup
    if source is Source.TIME_TRAVEL:
        copy, source = backups.create(google, kind=Kind.TRAVEL, at=whole.moment), Source.SNAPSHOT
    with backups.plan(google, copy, source=source) as planned:
        assert all(table.rows_now in (0, 6) for table in planned.tables), "spoilt before"
        done = backups.execute(google, planned, safety=False)
    # Read from the live tables after the restore; the others were before anything else.
    assert {one.table: one.found for one in done.comparisons} == whole.sums


def test_a_backup_carries_names_labels_ends_and_is_listed(google, shared):
    snapshot = google.bigquery.get_table(f"{ledger.dataset(google)}.{TWO[0]}_{shared.id}")
    assert snapshot.table_type == "SNAPSHOT"
    assert snapshot.labels["backup"] == shared.id
    assert snapshot.labels["backup_kind"] == "deployment"
    assert abs(snapshot.expires - shared.made - timedelta(days=90)) < timedelta(seconds=1)
    listed = backups.find(google, f"{shared.made:%Y-%m-%d_%H%M%S}")
    assert listed == replace(shared, warnings=())
    assert listed.table("automation_alerts").partition_expiration_ms == 90 * DAY_MS
    assert Backup.read(json.loads(json.dumps(listed.document()))) == replace(listed, exported=False)


def test_a_table_that_lost_most_of_its_rows_is_reported(google, warehouse, shared):
    warehouse.run("TRUNCATE TABLE automation_alerts")
    [warning] = backups.create(google, tables=["automation_alerts"]).warnings
    assert warning == "automation_alerts has 0 rows, 3 in the backup before"


@pytest.mark.parametrize("source", [Source.SNAPSHOT, Source.EXPORT])
def test_verifying_restores_elsewhere_and_sees_a_difference(google, shared, spoiled, source):
    first, second = shared.tables
    sums = replace(first.sums, columns=first.sums.columns | {"message": "1"})
    wrong = replace(shared, tables=(replace(first, sums=sums), second))
    found = {one.table: one.different for one in backups.verify(google, wrong, source=source)}
    assert found == {first.name: ["message"], second.name: []}
    assert backups.checksums(google, TWO) == spoiled, "the live tables are left alone"
    assert not [d for d in google.bigquery.list_datasets() if "_scratch_" in d.dataset_id]


def test_checksums_see_every_change_but_that_of_the_order(google, warehouse):
    schema = [
        {"name": "s", "type": "STRING"},
        {"name": "f", "type": "FLOAT"},
        {"name": "n", "type": "NUMERIC"},
        {"name": "j", "type": "JSON"},
        {"name": "a", "type": "STRING", "mode": "REPEATED"},
        {"name": "r", "type": "RECORD", "fields": [{"name": "x", "type": "INTEGER"}]},
    ]
    first = "'a' AS s, 0.1 AS f, NUMERIC '1.5' AS n, JSON '1' AS j, ['x'] AS a, STRUCT(1 AS x) AS r"
    second = "'b', 0.2, NUMERIC '2.5', JSON '2', ['y'], STRUCT(2)"
    named = "'b' AS s, 0.2 AS f, NUMERIC '2.5' AS n, JSON '2' AS j, ['y'] AS a, STRUCT(2 AS x) AS r"
    variants = {
        "base": f"SELECT {first} UNION ALL SELECT {second}",
        "order": f"SELECT {named} UNION ALL SELECT {first}",
        "twice": f"SELECT {first} UNION ALL SELECT {first} UNION ALL SELECT {second}",
        "moved": f"SELECT {first.replace("'a'", "'b'")} UNION ALL SELECT "
        f"{second.replace("'b'", "'a'")}",
        "missing": f"SELECT {first}",
        "nothing": f"SELECT {first} UNION ALL SELECT {second} LIMIT 0",
        "null_string": f"SELECT {first.replace("'a'", 'CAST(NULL AS STRING)')} "
        f"UNION ALL SELECT {second}",
        "text_null": f"SELECT {first.replace("'a'", "'null'")} UNION ALL SELECT {second}",
        "json_null": f"SELECT {first.replace("JSON '1'", "JSON 'null'")} UNION ALL SELECT {second}",
        "no_json": f"SELECT {first.replace("JSON '1'", 'CAST(NULL AS JSON)')} "
        f"UNION ALL SELECT {second}",
        "nan": f"SELECT {first.replace('0.1', "CAST('NaN' AS FLOAT64)")} UNION ALL SELECT {second}",
        "cent": f"SELECT {first.replace("'1.5'", "'1.500000001'")} UNION ALL SELECT {second}",
        "inside": f"SELECT {first.replace('STRUCT(1', 'STRUCT(3')} UNION ALL SELECT {second}",
        "longer": f"SELECT {first.replace("['x']", "['x', 'x']")} UNION ALL SELECT {second}",
    }
    sums = add_up(google, {name: Relation(f"({sql})", schema) for name, sql in variants.items()})
    base = sums["base"]
    assert sums.pop("order") == base
    others = [one for name, one in sums.items() if name != "base"]
    assert all(one != base for one in others)
    assert len({json.dumps([s.rows, s.columns, s.row]) for s in others}) == len(others)
    assert sums["moved"].columns == base.columns, "only the checksum of rows sees that"


def stopped(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt


def interrupt(
    place: Any, name: str, call: Callable[[], Any], by: Callable[..., Any] = stopped
) -> None:
    """Break `call` off when it comes to this function."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(place, name, by)
        with pytest.raises(KeyboardInterrupt):
            call()


def test_an_interrupted_backup_is_incomplete_refused_and_pruned(google, shared, monkeypatch):
    interrupt(ledger, "write", lambda: backups.create(google, tables=TWO))
    broken = backups.listing(google)[0]
    assert (broken.state, broken.kind, len(broken.tables)) == (State.INCOMPLETE, None, 2)
    for call in (
        lambda: backups.find(google, broken.id),
        lambda: backups.restore(google, broken),
        lambda: backups.verify(google, broken),
    ):
        with pytest.raises(UserError, match="INCOMPLETE"):
            call()
    assert backups.find(google).id != broken.id, "the newest complete one"
    assert broken.id not in [removal.name for removal in backups.prune(google, dry_run=True)]
    ahead(monkeypatch, google, timedelta(days=2))
    removals = {removal.name: removal for removal in backups.prune(google)}
    assert removals[broken.id].reason == "incomplete"
    assert len(removals[broken.id].snapshots) == 2
    assert broken.id not in [backup.id for backup in backups.listing(google)]


def ahead(monkeypatch: pytest.MonkeyPatch, google: Google, by: timedelta) -> None:
    """Let BigQuery's time be later."""
    later = backup_jobs.now(google) + by
    monkeypatch.setattr(backup_jobs, "now", lambda _: later)


def test_a_restore_stopped_before_its_transaction_has_changed_nothing(google, shared, spoiled):
    interrupt(restoring, "begin_transaction", lambda: backups.restore(google, shared))
    assert backups.checksums(google, TWO) == spoiled
    attempt = backups.unfinished(google)
    assert (attempt.backup, attempt.applied) == (shared.id, False)
    safety = backups.find(google, attempt.safety)
    assert sums_of(safety) == spoiled
    with pytest.raises(UserError, match="--resume"):
        backups.restore(google, shared)
    done = backups.resume(google, attempt)
    assert (done.equal, done.safety) == (True, safety.id)
    assert backups.find(google).kind is not Kind.SAFETY, "a second restore must not undo this one"
    assert backups.checksums(google, TWO) == sums_of(shared)
    assert backups.unfinished(google) is None


def test_a_restore_stopped_after_its_transaction_only_compares(
    google, shared, spoiled, monkeypatch
):
    interrupt(restoring, "compare_rows", lambda: backups.restore(google, shared, safety=False))
    attempt = backups.unfinished(google)
    assert attempt.applied
    monkeypatch.setattr(restoring, "replace_rows", stopped)
    assert backups.resume(google, attempt).equal


def test_a_client_that_died_while_the_transaction_ran_finds_its_job(
    google, shared, spoiled, monkeypatch
):
    begin: Callable[..., bigquery.QueryJob] = restoring.begin_transaction

    def begin_and_die(*arguments: Any) -> None:
        begin(*arguments)
        raise KeyboardInterrupt

    interrupt(
        restoring,
        "begin_transaction",
        lambda: backups.restore(google, shared, safety=False),
        by=begin_and_die,
    )
    monkeypatch.setattr(restoring, "begin_transaction", stopped)
    attempt = backups.unfinished(google)
    assert backups.resume(google, attempt).equal, "the job of the first try did it"


def test_a_restore_that_fails_half_way_changes_no_table(google, shared, spoiled):
    with backups.plan(google, shared) as planned:
        last = replace(planned.tables[-1], where="1 / 0 > 1")
        broken = replace(planned, tables=(*planned.tables[:-1], last))
        with pytest.raises(UserError, match="no table was changed"):
            backups.execute(google, broken, safety=False)
    assert backups.checksums(google, TWO) == spoiled
    assert backups.unfinished(google) is None


def test_rows_that_change_after_the_restore_are_not_taken_for_restored(
    google, warehouse, shared, monkeypatch
):
    compare = restoring.compare

    def late_writer(*arguments: Any) -> list[backups.Comparison]:
        warehouse.run("UPDATE automation_alerts SET message = 'late' WHERE message = 'a'")
        return compare(*arguments)

    monkeypatch.setattr(restoring, "compare", late_writer)
    done = backups.restore(google, shared, safety=False)
    assert not done.equal
    [different] = [one for one in done.comparisons if not one.equal]
    assert different.different == ["message"]


def test_columns_added_since_stay_empty_and_lost_ones_are_refused(google, client):
    dataset = f"{PROJECT}.backup_columns"
    client.create_dataset(dataset)
    settings = google.settings.model_copy(update={"dataset": "backup_columns"})
    own = Google(settings)
    for statement in (
        f"CREATE TABLE `{dataset}.t` (id STRING NOT NULL, old INT64)",
        f"INSERT INTO `{dataset}.t` (id, old) VALUES ('a', 1), ('b', 2)",
    ):
        client.query(statement).result()
    made = backups.create(own, tables=["t"])
    client.query(f"ALTER TABLE `{dataset}.t` ADD COLUMN added STRING").result()
    with backups.plan(own, made) as planned:
        assert planned.tables[0].fit.added == ("added",)
        assert backups.execute(own, planned, safety=False).equal
    rows = client.query(f"SELECT added FROM `{dataset}.t`").result()
    assert [row.added for row in rows] == [None, None]
    client.query(f"ALTER TABLE `{dataset}.t` DROP COLUMN old").result()
    with pytest.raises(UserError, match=r"t\.old that the table no longer has"):
        backups.restore(own, made)


def test_rows_of_ended_partitions_are_left_out_and_reported(google, warehouse):
    name = "automation_alerts"
    fill(warehouse, [name])
    warehouse.run(
        f"UPDATE {name} SET alert_time = TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 90 DAY) "
        "WHERE alert_id = 'null'"
    )
    made = backups.create(google, tables=[name])
    with backups.plan(google, made) as planned:
        [table] = planned.tables
        assert (table.rows_then, table.expired) == (2, 1)
        assert backups.execute(google, planned, safety=False).equal
    assert backups.checksums(google, [name])[name].rows == 2


def test_pruning_takes_what_is_past_its_retention_but_the_newest(google, shared, monkeypatch):
    one = ["schedule_generation_queue"]
    old = backups.create(google, tables=one, export=True, kind=Kind.DAILY)
    left = scratch_left_over(google)
    known = {backup.id for backup in backups.listing(google)}
    ahead(monkeypatch, google, timedelta(days=31))
    reported = {removal.name for removal in backups.prune(google, dry_run=True)}
    assert {old.id, left} <= reported
    assert not {shared.id, backups.find(google).id} & reported
    assert {backup.id for backup in backups.listing(google)} == known
    assert {removal.name for removal in backups.prune(google)} == reported
    assert {backup.id for backup in backups.listing(google)} == known - reported
    newest = backups.find(google)
    assert newest.expires >= backup_jobs.now(google) + timedelta(days=29), "BigQuery keeps it, too"
    for name in newest.snapshots.values():
        table = google.bigquery.get_table(f"{ledger.dataset(google)}.{name}")
        assert abs(table.expires - newest.expires) < timedelta(seconds=1)
    assert old.id not in bucket.folders(google)
    assert backups.prune(google) == []


def scratch_left_over(google: Google) -> str:
    """A scratch dataset whose command was killed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scratch, "delete", lambda *_: None)
        with scratch.dataset(google) as name:
            return name


def test_an_interrupted_export_is_no_export(google, shared, monkeypatch):
    monkeypatch.setattr(bucket, "require", lambda _: None)
    one = ["schedule_generation_queue"]
    interrupt(bucket, "_execute", lambda: backups.create(google, tables=one, export=True))
    made = backups.listing(google)[0]
    assert (made.state, made.exported) == (State.COMPLETE, False)
    with pytest.raises(UserError, match="no complete export"):
        backups.restore(google, made, source=Source.EXPORT)


def test_an_export_outlives_the_snapshots_and_their_record(google, warehouse, shared):
    one = ["schedule_generation_queue"]
    made = backups.create(google, tables=one, export=True)
    google.bigquery.delete_table(f"{ledger.dataset(google)}.{made.snapshots[one[0]]}")
    ledger.forget(google, [made.id])
    found = backups.find(google, made.id)
    assert (found.exported, found.has_snapshots) == (True, False)
    with pytest.raises(UserError, match="only the export"):
        backups.restore(google, found)
    spoil(warehouse, one)
    assert backups.restore(google, found, source=Source.EXPORT, safety=False).equal


def test_limits_of_bigquery_are_kept_before_they_are_met(google, shared, monkeypatch):
    known = backups.listing(google)
    monkeypatch.setattr("eros.operations.backup.creation._SNAPSHOTS_A_DAY", 1)
    with pytest.raises(UserError, match="within 24 hours"):
        backups.create(google, tables=TWO)
    monkeypatch.setattr("eros.operations.backup.creation._SNAPSHOTS_OF_A_TABLE", 1)
    with pytest.raises(UserError, match="eros backup prune"):
        backups.create(google, tables=TWO)
    assert backups.listing(google) == known


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda g: backups.find(g, "20200101_000000"), "no backup with this name"),
        (lambda g: backups.find(g, "yesterday"), "YYYYMMDD_HHMMSS"),
        (lambda g: backups.create(g, tables=["nope"]), "no table with this name"),
        (lambda g: backups.checksums(g, ["nope"]), "no table with this name"),
        (
            lambda g: backups.create(g, tables=TWO, at=backup_jobs.now(g) - timedelta(days=8)),
            "reaches back 7 days",
        ),
        (
            lambda g: backups.create(g, tables=TWO, at=backup_jobs.now(g) + timedelta(hours=1)),
            "reaches back 7 days",
        ),
    ],
)
def test_mistakes_are_reported_before_anything_is_done(google, call, message):
    with pytest.raises(UserError, match=message):
        call(google)


def test_a_missing_dataset_or_bucket_is_reported_with_the_command_that_makes_it(google):
    backup = google.settings.backup
    nowhere = backup.model_copy(update={"dataset": "nowhere"})
    own = Google(google.settings.model_copy(update={"backup": nowhere}))
    assert not backups.is_deployed(own)
    for call in (backups.create, backups.listing, backups.prune):
        with pytest.raises(UserError, match="pulumi up --stack local"):
            call(own)
    lost = backup.model_copy(update={"bucket": "no-such-bucket"})
    own = Google(google.settings.model_copy(update={"backup": lost}))
    with pytest.raises(UserError, match="pulumi up --stack local"):
        backups.create(own, tables=TWO, export=True)


def test_a_restore_waits_until_no_scheduled_query_runs(google, shared, spoiled, monkeypatch):
    monkeypatch.setattr(activity, "running", lambda _: ["EROS: Caption Lock Cleanup"])
    with pytest.raises(UserError, match="Caption Lock Cleanup"):
        backups.restore(google, shared)
    assert backups.checksums(google, TWO) == spoiled
    assert backups.restore(google, shared, force=True, safety=False).equal


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli.app, arguments)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout


def test_the_command_creates_lists_verifies_restores_and_prunes(google, warehouse, monkeypatch):
    monkeypatch.setattr(cli, "google_of", lambda _: google)
    fill(warehouse, TWO)
    code, text = run("create", "--tables", ", ".join(TWO), "--format", "json")
    made = json.loads(text)
    assert (code, made["state"], made["rows"]) == (0, "COMPLETE", 6)
    code, text = run("list", "--format", "json")
    assert json.loads(text)[0]["backup"] == made["backup"]
    assert made["backup"] in run("list")[1]
    code, text = run("verify", made["backup"], "--format", "json")
    assert (code, json.loads(text)["equal"]) == (0, True)
    before, moment = backups.checksums(google, TWO), backup_jobs.now(google)
    spoil(warehouse, TWO)
    with pytest.raises(UserError, match="--yes"):
        run("restore", made["backup"])
    code, text = run("restore", made["backup"], "--yes")
    assert code == 0, text
    assert "-3" in text, "rows now and then are shown"
    assert backups.checksums(google, TWO) == before
    spoil(warehouse, TWO)
    code, text = run("restore", "--at", f"{moment.isoformat()}", "--tables", ",".join(TWO), "--yes")
    assert code == 0, text
    assert backups.checksums(google, TWO) == before
    with pytest.raises(UserError, match="there is no interrupted restore"):
        run("restore", "--resume")
    assert "would delete" not in run("prune", "--dry-run")[1]


@pytest.mark.parametrize(
    "arguments",
    [
        ("restore", "--from", "time-travel"),
        ("restore", "--from", "export", "--at", "2026-01-01T00:00:00"),
        ("restore", "20260101_000000", "--at", "2026-01-01T00:00:00"),
        ("verify", "--from", "time-travel"),
        ("create", "--kind", "safety"),
        ("create", "--tables", ","),
        ("restore", "--resume", "--tables", "captions"),
    ],
)
def test_options_that_contradict_each_other_are_refused(google, monkeypatch, arguments):
    monkeypatch.setattr(cli, "google_of", lambda _: google)
    with pytest.raises(UserError):
        run(*arguments)
