"""Backups without a server: names, retention, fitting columns, what is declared."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from bqstack.errors import UserError
from components.backups import Backups
from components.identity import Identity
from components.warehouse import Warehouse
from eros.cli import backup as cli_backup
from eros.operations.backup import (
    Backup,
    Kind,
    Source,
    State,
    TableCopy,
    activity,
    backup_jobs,
    bucket,
    chosen_tables,
    column_fit,
    creation,
    inventory,
    names,
    pruning,
)
from eros.operations.backup.ledger_tables import TABLES
from eros.project.settings import PROJECT_ROOT
from eros.project.stack_file import parse
from tests.unit.conftest import VALUES
from tests.unit.fake_engine import PROJECT_NUMBER, Declared, record

MOMENT = datetime(2025, 10, 31, 14, 30, 22, 500_000, tzinfo=UTC)


def field(name: str, kind: str = "STRING", mode: str = "NULLABLE", **more: object) -> dict:
    return {"name": name, "type": kind, "mode": mode, **more}


@pytest.mark.parametrize("text", ["20251031_143022", "2025-10-31_143022", " 20251031_143022 "])
def test_both_stamps_of_the_specification_are_understood(text):
    assert names.parse(text) == names.stamp(MOMENT) == "20251031_143022"


@pytest.mark.parametrize(
    "text", ["", "20251031", "20251331_143022", "20251031-143022", "yesterday", "20251031_1430221"]
)
def test_other_stamps_are_refused(text):
    with pytest.raises(UserError, match="YYYYMMDD_HHMMSS"):
        names.parse(text)


def test_a_stamp_is_in_utc():
    west = MOMENT.astimezone(tz=None)
    assert names.stamp(west) == "20251031_143022"
    assert names.made("20251031_143022") == MOMENT.replace(microsecond=0)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("caption_bank_20251031_143022", ("caption_bank", "20251031_143022")),
        ("t_20250101_000000_20251031_143022", ("t_20250101_000000", "20251031_143022")),
        ("caption_bank", None),
        ("caption_bank_20251331_143022", None),
        ("backup_contents", None),
    ],
)
def test_snapshots_are_known_by_their_name(name, parts):
    assert names.split(name) == parts
    if parts:
        assert names.snapshot(*parts) == name


def test_backups_before_a_deployment_are_kept_longer(settings):
    days = {kind: names.retention(settings, kind).days for kind in Kind}
    assert days.pop(Kind.DEPLOYMENT) == 90
    assert set(days.values()) == {30}


def test_the_set_holds_the_owned_tables_and_the_named_external_ones(values):
    settings = parse(values | {"externalTables": "adopt"}, "f")
    found = chosen_tables.tables_of(SimpleNamespace(settings=settings, root=PROJECT_ROOT))
    six = {
        "caption_bank",
        "caption_bandit_stats",
        "active_caption_assignments",
        "holiday_calendar",
        "schedule_generation_queue",
        "automation_alerts",
    }
    assert six <= set(found), "docs/requirements.md C-61"
    assert not {"mass_messages", "captions", "schedule_recommendations"} & set(found)
    new = SimpleNamespace(settings=parse(values, "f"), root=PROJECT_ROOT)
    greenfield = chosen_tables.tables_of(new)
    assert {"mass_messages", "captions", "schedule_recommendations"} <= set(greenfield)
    local = parse(values | {"jobHistory": "table"}, "f")
    assert "job_history" not in chosen_tables.tables_of(
        SimpleNamespace(settings=local, root=PROJECT_ROOT)
    )


def listed(settings, **kinds: str) -> SimpleNamespace:
    """A dataset with these tables, and BigQuery's word for the type of each."""
    items = [SimpleNamespace(table_id=name, table_type=kind) for name, kind in kinds.items()]
    return SimpleNamespace(
        root=PROJECT_ROOT,
        settings=settings,
        bigquery=SimpleNamespace(list_tables=lambda dataset: items),
    )


def test_further_tables_come_when_they_are_there(settings):
    google = listed(settings, caption_bandit_stats="TABLE", gone_from_git="TABLE", other="TABLE")
    also = ["gone_from_git", "not_deployed"]
    assert chosen_tables.chosen(google, None) == ["caption_bandit_stats"]
    assert chosen_tables.chosen(google, None, also) == ["caption_bandit_stats", "gone_from_git"]
    assert chosen_tables.chosen(google, ["other"], also) == ["gone_from_git", "other"]
    with pytest.raises(UserError, match="no table with this name"):
        chosen_tables.chosen(google, also)


def test_a_named_table_that_is_a_view_is_refused_with_what_to_list(values):
    settings = parse(values | {"externalTables": "adopt"}, "f")
    google = listed(settings, caption_bank="VIEW", active_caption_assignments="TABLE")
    with pytest.raises(UserError, match=r"caption_bank \(VIEW\)") as refused:
        chosen_tables.require_rows(google)
    assert refused.value.key == "eros:backup.externalTables"
    assert refused.value.fix == "list the others there: [active_caption_assignments]"
    google = listed(settings, caption_bank="EXTERNAL", caption_bandit_stats="VIEW")
    with pytest.raises(UserError, match="caption_bandit_stats") as refused:
        chosen_tables.require_rows(google)
    assert (refused.value.key, "--tables" in (refused.value.fix or "")) == (None, True)
    # Views are no tables, and nobody wants their rows.
    google = listed(settings, caption_bank="TABLE", captions="VIEW")
    chosen_tables.require_rows(google)
    assert chosen_tables.chosen(google, None) == ["caption_bank"]


def test_a_restore_of_a_table_that_is_gone_says_how_to_go_on(settings):
    google = listed(settings, a="TABLE", b="TABLE", v="VIEW")
    chosen_tables.require_there(google, ["b", "a"])
    with pytest.raises(UserError, match="no longer has gone; nothing was changed") as refused:
        chosen_tables.require_there(google, ["gone", "b", "a"])
    assert refused.value.fix == (
        f"pulumi up --refresh --stack {settings.stack} creates what sql/ declares; "
        "or restore the others: --tables a,b"
    )
    with pytest.raises(UserError, match="no longer has gone") as refused:
        chosen_tables.require_there(google, ["gone"])
    assert "--tables" not in (refused.value.fix or "")
    with pytest.raises(UserError, match="not a table with its own rows"):
        chosen_tables.require_there(google, ["v"])


@pytest.fixture
def making(monkeypatch, settings):
    """A cloud of one table `t`, and `caption_bank`, which is a view."""
    monkeypatch.setattr(creation.ledger, "require", lambda _: None)
    monkeypatch.setattr(creation.ledger, "write", lambda *_: None)
    monkeypatch.setattr(creation.ledger, "read", lambda _: [])
    monkeypatch.setattr(creation.chosen_tables, "chosen", lambda *_: ["t"])
    monkeypatch.setattr(creation.chosen_tables, "live", lambda *_: {})
    monkeypatch.setattr(creation, "free_moment", lambda _: (MOMENT, []))
    monkeypatch.setattr(creation, "with_tables", lambda google, backup, *_: backup)
    monkeypatch.setattr(creation.origin, "commit", lambda _: "")
    return listed(settings, t="TABLE", caption_bank="VIEW")


@pytest.mark.parametrize("kind", [Kind.MANUAL, Kind.DAILY, Kind.DEPLOYMENT])
def test_a_backup_that_would_leave_a_table_out_is_refused(monkeypatch, making, kind):
    monkeypatch.setattr(creation, "free_moment", lambda _: pytest.fail("begun"))
    with pytest.raises(UserError, match="no rows of their own"):
        creation.create(making, kind=kind)


def test_a_backup_of_named_tables_asks_for_no_others(making):
    assert creation.create(making, tables=["t"]).warnings == ()


def test_a_rollback_secures_what_has_rows_and_warns_of_the_rest(making):
    (warning,) = creation.create(making, kind=Kind.SAFETY).warnings
    assert warning.startswith("caption_bank is not backed up")
    assert warning.endswith("but VIEW")


def test_an_unknown_external_table_is_a_mistake_of_the_stack_file(values):
    settings = parse(values | {"backup": {"bucket": "b-1", "externalTables": ["nope"]}}, "f")
    with pytest.raises(UserError, match=r"Pulumi\.staging\.yaml: eros:backup\.externalTables"):
        chosen_tables.tables_of(SimpleNamespace(settings=settings, root=PROJECT_ROOT))


def test_the_newest_backup_is_one_of_the_whole_and_not_of_what_was_left():
    def backup(day: int, kind: Kind, tables: str, state: State = State.COMPLETE) -> Backup:
        made = MOMENT + timedelta(days=day)
        copies = tuple(TableCopy(name) for name in tables)
        return Backup(names.stamp(made), kind, made, made, None, copies, state=state)

    broken = backup(6, Kind.MANUAL, "abc", State.INCOMPLETE)
    safety = backup(5, Kind.SAFETY, "abc")
    partial = backup(4, Kind.MANUAL, "a")
    whole = backup(3, Kind.DAILY, "ab")
    dropped = backup(2, Kind.DAILY, "abx")
    found = [broken, safety, partial, whole, dropped]
    assert inventory.newest(found, "abc") == whole
    assert inventory.newest(found, "a") == partial
    assert inventory.newest([broken, safety], "a") is None


def test_without_a_name_the_newest_is_one_that_has_the_copy_asked_for(monkeypatch):
    def backup(day: int, **copies: bool) -> Backup:
        made = MOMENT + timedelta(days=day)
        tables = (TableCopy("a"),)
        return Backup(names.stamp(made), Kind.DAILY, made, made, None, tables, **copies)

    lost = backup(3, has_snapshots=False, exported=True)
    deployed = backup(2)
    both = backup(1, exported=True)
    monkeypatch.setattr(inventory, "listing", lambda _: [lost, deployed, both])
    assert inventory.find(None, tables="a") == deployed
    assert inventory.find(None, tables="a", source=Source.EXPORT) == lost
    monkeypatch.setattr(inventory, "listing", lambda _: [deployed])
    assert inventory.find(None, tables="a", source=Source.EXPORT) == deployed, "and shows it"


class Snapshots:
    """A backup dataset whose newest backup is `age` old; what to keep until when."""

    def __init__(self, monkeypatch, settings, age: timedelta) -> None:
        self.root = PROJECT_ROOT
        self.settings = settings
        self.bigquery = self
        self.kept: dict[str, datetime] = {}
        self.made = made = MOMENT.replace(microsecond=0)
        end = made + timedelta(days=30)
        older = made - timedelta(days=1)
        backup = Backup(names.stamp(made), Kind.DAILY, made, made, end, (TableCopy("t"),))
        before = Backup(names.stamp(older), Kind.DAILY, older, older, end, (TableCopy("t"),))
        self.newest = backup.id
        found = [inventory.Snapshot("t", b.id, b.made, b.expires) for b in (backup, before)]
        monkeypatch.setattr(inventory, "listing", lambda _: [backup, before])
        monkeypatch.setattr(inventory, "snapshots", lambda _: found)
        monkeypatch.setattr(bucket, "folders", lambda _: {})
        monkeypatch.setattr(pruning.scratch, "forgotten", lambda *_: [])
        monkeypatch.setattr(backup_jobs, "now", lambda _: made + age)
        monkeypatch.setattr(pruning, "delete", lambda *_: None)

    def update_table(self, table, fields):
        assert fields == ["expires"]
        self.kept[table.table_id] = table.expires


def test_the_newest_backup_outlives_the_end_that_bigquery_gives_it(monkeypatch, settings):
    """Without new ones BigQuery itself would delete the last snapshots."""
    google = Snapshots(monkeypatch, settings, timedelta(days=29))
    said: list[str] = []
    pruning.prune(google, dry_run=True, progress=said.append)
    assert (google.kept, len(said)) == ({}, 1)
    pruning.prune(google, progress=said.append)
    assert google.kept == {f"t_{google.newest}": google.made + timedelta(days=59)}
    assert said[1].startswith(f"keeping {google.newest}")


def test_a_fresh_backup_is_left_as_it_is(monkeypatch, settings):
    google = Snapshots(monkeypatch, settings, timedelta(hours=1))
    assert pruning.prune(google) == []
    assert google.kept == {}


def test_the_list_shows_the_end_that_was_pushed_out():
    later = MOMENT + timedelta(days=59)
    kept = Backup("b", Kind.DAILY, MOMENT, MOMENT, MOMENT + timedelta(days=30), (TableCopy("t"),))
    found = {"t": inventory.Snapshot("t", "b", MOMENT, later)}
    assert inventory.judged(kept, found, False, MOMENT).expires == later
    assert inventory.judged(kept, {}, True, MOMENT).expires == kept.expires


def test_added_columns_are_left_to_their_default():
    copied = [field("a"), field("b", "INTEGER", "REQUIRED")]
    live = [
        field("B", "INT64", "REQUIRED"),
        field("a"),
        field("c"),
        field("d", "TIMESTAMP", "REQUIRED", defaultValueExpression="CURRENT_TIMESTAMP()"),
    ]
    found = column_fit.fit("t", copied, live)
    assert [one["name"] for one in found.restored] == ["a", "b"]
    assert found.added == ("c", "d")


@pytest.mark.parametrize(
    ("copied", "live", "message"),
    [
        ([field("a"), field("b")], [field("a")], r"t\.b that the table no longer has"),
        ([field("a", "INTEGER")], [field("a", "NUMERIC")], "was INTEGER .* is NUMERIC now"),
        ([field("a")], [field("a", mode="REPEATED")], "is ARRAY<STRING> now"),
        (
            [field("a", "RECORD", fields=[field("x")])],
            [field("a", "STRUCT", fields=[field("x"), field("y")])],
            "x STRING, y STRING",
        ),
        ([field("a")], [field("a"), field("b", mode="REQUIRED")], r"t\.b is REQUIRED"),
    ],
)
def test_rows_that_do_not_fit_are_refused(copied, live, message):
    with pytest.raises(UserError, match=message):
        column_fit.fit("t", copied, live)


@pytest.mark.parametrize(
    ("kind", "oldest"), [("DAY", "2025-10-29 15:30:22"), ("MONTH", "2025-10-29 15:30:22")]
)
def test_rows_whose_partition_is_about_to_end_are_left_out(kind, oldest):
    two_days = timedelta(days=2).total_seconds() * 1000
    partitioning = SimpleNamespace(type_=kind, field="d", expiration_ms=str(int(two_days)))
    assert column_fit.unexpired(partitioning, MOMENT) == (
        f"(each_row.`d` IS NULL OR TIMESTAMP_TRUNC(CAST(each_row.`d` AS TIMESTAMP), {kind}) "
        f"> TIMESTAMP '{oldest}+00')"
    )
    partitioning.expiration_ms = None
    assert column_fit.unexpired(partitioning, MOMENT) is None
    assert column_fit.unexpired(None, MOMENT) is None


@pytest.mark.parametrize(
    "column",
    [
        field("c", "INTERVAL"),
        field("c", "GEOGRAPHY"),
        field("c", "JSON", "REPEATED"),
        field("c", "RECORD", fields=[field("x", "JSON")]),
    ],
)
def test_an_export_refuses_what_parquet_does_not_bring_back(column):
    with pytest.raises(UserError, match=r"t\.c .*Parquet"):
        bucket.check([TableCopy("t", schema=(field("a"), column))])


def test_an_export_is_refused_before_a_snapshot_is_taken(monkeypatch):
    from google.cloud.bigquery import SchemaField, Table

    table = Table("p.d.t", schema=[SchemaField("c", "GEOGRAPHY")])
    monkeypatch.setattr(creation.sight, "require", lambda *_: None)
    monkeypatch.setattr(creation.ledger, "require", lambda _: None)
    monkeypatch.setattr(creation.bucket, "require", lambda _: None)
    monkeypatch.setattr(creation.chosen_tables, "chosen", lambda *_: ["t"])
    monkeypatch.setattr(creation.chosen_tables, "live", lambda *_: {"t": table})
    monkeypatch.setattr(creation, "with_tables", lambda *_: pytest.fail("snapshots are taken"))
    with pytest.raises(UserError, match=r"t\.c holds GEOGRAPHY"):
        creation.create(None, tables=["t"], export=True)


def test_an_export_takes_json_and_nested_columns():
    nested = field("c", "RECORD", "REPEATED", fields=[field("x")])
    bucket.check([TableCopy("t", schema=(field("a", "JSON"), nested))])


def test_a_backup_may_read_whole_tables_whatever_the_limit_of_a_query(settings):
    google = SimpleNamespace(settings=settings)
    limit = settings.limits.maximum_bytes_billed
    assert backup_jobs.config(google).maximum_bytes_billed == limit
    assert backup_jobs.config(google, [limit]).maximum_bytes_billed == 2 * limit
    assert int(backup_jobs.config(google).job_timeout_ms) == 1_800_000
    assert backup_jobs.config(google).labels["component"] == "backup"


def test_what_reads_whole_tables_is_no_query_that_people_wait_for(settings):
    google = SimpleNamespace(settings=settings)
    asked = []
    google.bigquery = SimpleNamespace(
        query=lambda sql, job_config: (
            asked.append((sql, job_config.priority)) or SimpleNamespace(result=list)
        )
    )
    backup_jobs.rows(google, "whole", iter([1]))
    backup_jobs.rows(google, "short")
    assert asked == [("whole", "BATCH"), ("short", "INTERACTIVE")]
    assert backup_jobs.config(google).priority == "BATCH", "a snapshot"


def test_a_failure_ends_the_work_that_has_not_begun():
    begun = []

    def work(item: int) -> int:
        begun.append(item)
        raise UserError("no")

    with pytest.raises(UserError):
        backup_jobs.side_by_side(work, range(10_000))
    assert len(begun) < 10_000


class Transfers:
    """A Data Transfer client in which some configs run."""

    def __init__(self, titles: dict[str, bool]) -> None:
        self.configs = [
            SimpleNamespace(name=f"configs/{n}", display_name=title, runs=runs)
            for n, (title, runs) in enumerate(titles.items())
        ]

    def list_transfer_configs(self, parent: str) -> list[SimpleNamespace]:
        assert parent == "projects/test-project/locations/US"
        return self.configs

    def list_transfer_runs(self, request) -> list[str]:
        [config] = [c for c in self.configs if c.name == request.parent]
        assert [state.name for state in request.states] == ["RUNNING"]
        return ["run"] if config.runs else []


def test_only_running_queries_of_the_system_stop_a_restore(settings):
    titles = {"EROS: Caption Lock Cleanup": False, "somebody else's": True}
    google = SimpleNamespace(settings=settings, transfers=Transfers(titles))
    activity.refuse(google)
    google.transfers = Transfers(titles | {"EROS: Caption Lock Cleanup": True})
    with pytest.raises(UserError, match="running: EROS: Caption Lock Cleanup"):
        activity.refuse(google)


def test_a_rollback_waits_for_runs_that_had_begun_before_the_pause(settings, monkeypatch):
    title = "EROS: Caption Lock Cleanup"
    google = SimpleNamespace(settings=settings, transfers=Transfers({title: True}))
    pauses, said = [], []

    def sleep(seconds):
        pauses.append(seconds)
        if len(pauses) == 2:
            google.transfers = Transfers({title: False})

    monkeypatch.setattr(activity.time, "sleep", sleep)
    activity.wait(google, said.append)
    assert said == [f"waiting for {title}"]
    assert len(pauses) == 2
    google.transfers = Transfers({title: True})
    with pytest.raises(UserError, match="running: EROS: Caption Lock Cleanup"):
        activity.wait(google, said.append, seconds=-1)


@pytest.fixture(scope="module")
def declared() -> list[Declared]:
    """Resources of the rooms around the backups, with an operator."""
    backup = {"operators": ["group:ops@example.com"], "bucket": "test-bucket"}
    settings = parse(VALUES | {"backup": backup}, "f")

    def program() -> None:
        identity = Identity("identity", settings, PROJECT_NUMBER)
        Backups("backups", settings, identity, Warehouse("warehouse", settings, identity))

    return record(program)


def test_the_program_declares_the_place_for_backups(declared):
    [dataset] = [d for d in declared if d.name == "backup-dataset"]
    assert dataset.inputs["datasetId"] == "eros_backups"
    assert dataset.inputs["labels"]["environment"] == "staging"
    assert "defaultTableExpirationMs" not in dataset.inputs, "the records never expire"
    assert dataset.protect
    for name, (_, schema) in TABLES.items():
        [table] = [d for d in declared if d.name == name]
        assert json.loads(table.inputs["schema"]) == schema
        assert table.inputs["datasetId"] == "eros_backups"
        assert table.protect


def test_operators_own_the_snapshots_and_what_they_are_taken_of(declared):
    grants = {
        (d.inputs.get("datasetId") or d.inputs.get("bucket") or "project", d.inputs["role"])
        for d in declared
        if d.inputs.get("member") == "group:ops@example.com"
    }
    assert grants == {
        ("eros_backups", "roles/bigquery.dataOwner"),
        ("brain", "roles/bigquery.dataOwner"),
        ("test-bucket", "roles/storage.objectAdmin"),
        # Object admins may not read the bucket, data owners of two datasets not make a third.
        ("test-bucket", "roles/storage.legacyBucketReader"),
        ("project", "roles/bigquery.user"),
        # A backup writes its record there.
        ("project", "roles/logging.logWriter"),
    }


@pytest.mark.parametrize(("begins", "code"), [(False, 1), (True, 2)])
def test_a_backup_that_fails_has_the_code_of_a_deployment_whose_backup_fails(
    monkeypatch, begins, code
):
    def create(*_, progress, **__):
        if begins:
            progress("taking snapshots")
        raise UserError("no such table")

    monkeypatch.setattr(cli_backup, "google_of", lambda stack: None)
    monkeypatch.setattr(cli_backup.backups, "create", create)
    result = CliRunner().invoke(cli_backup.app, ["create"])
    assert isinstance(result.exception, UserError) is not begins
    assert result.exit_code == code
    if begins:
        assert "error: no such table" in result.stderr


@pytest.mark.parametrize(("equal", "code"), [(True, 0), (False, 4)])
def test_a_backup_that_cannot_be_relied_on_is_a_validation_that_failed(monkeypatch, equal, code):
    compared = SimpleNamespace(equal=equal, table="t", columns=())
    monkeypatch.setattr(cli_backup, "google_of", lambda stack: None)
    monkeypatch.setattr(cli_backup.backups, "find", lambda *_, **__: SimpleNamespace(id="x"))
    monkeypatch.setattr(cli_backup.backups, "verify", lambda *_, **__: [compared])
    monkeypatch.setattr(cli_backup.backup_output, "print_comparisons", lambda found: None)
    assert CliRunner().invoke(cli_backup.app, ["verify"]).exit_code == code


# Names that have to be quoted --------------------------------------------------------------


@pytest.mark.parametrize("name", ["a b", "1st", "naïve", "50%", "列"])
def test_a_column_of_other_characters_travels_under_a_plain_name(name):
    field = {"name": name, "type": "STRING"}
    plain = column_fit.staged(field)
    assert column_fit.is_plain(plain)
    assert column_fit.staged({**field, "name": name.upper()}) == plain
    assert bucket.as_text(field) == f"each_row.`{name}` AS `{plain}`"
    assert column_fit.expressions([field], is_staged=True) == f"each_row.`{plain}`"
    assert column_fit.expressions([field], is_staged=False) == f"each_row.`{name}`"
    partitioning = SimpleNamespace(type_="DAY", field=name, expiration_ms="86400000")
    where = column_fit.unexpired(partitioning, MOMENT, is_staged=True)
    assert where is not None
    assert f"each_row.`{plain}`" in where


def test_a_field_of_other_characters_is_refused_before_an_export():
    inner = [{"name": "a b", "type": "STRING"}]
    table = TableCopy("t", schema=({"name": "s", "type": "RECORD", "fields": inner},))
    with pytest.raises(UserError, match=r"the column t\.s holds a field named 'a b'"):
        bucket.check([table])
