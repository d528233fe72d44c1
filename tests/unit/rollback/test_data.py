"""Which rows `eros rollback --data` brings back, and what it says of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest

from bqstack.errors import UserError
from eros.cli import rollback as command
from eros.operations.backup import Attempt, Backup, Kind, Source, State, TableCopy, names
from eros.operations.rollback import counts, rollback_plan
from eros.project.stack_file import parse
from tests.unit.conftest import VALUES
from tests.unit.rollback.states import checkpoint, newest_first, table, update

NOW = update(2).start + timedelta(hours=1)
# Update 2 was the mistake: the rows to bring back are those of the moment at which it began.
END = update(2).start
LONG_AGO = NOW - timedelta(days=30)


@dataclass
class Cloud:
    """A BigQuery with one table, and the backups of it."""

    created: dict[str, datetime] = field(default_factory=lambda: {"captions": LONG_AGO})
    hours: str | None = "168"
    now: datetime = NOW
    backups: list[Backup] = field(default_factory=list)
    has_place: bool = True
    begun: Attempt | None = None

    settings = parse(VALUES, "f")

    @property
    def bigquery(self):
        """The client."""
        return SimpleNamespace(
            get_dataset=lambda name: SimpleNamespace(max_time_travel_hours=self.hours),
            list_tables=lambda dataset: [
                SimpleNamespace(table_id=name, created=moment)
                for name, moment in self.created.items()
            ],
        )


@pytest.fixture
def cloud(monkeypatch) -> Cloud:
    made = Cloud()
    monkeypatch.setattr("eros.operations.backup.backup_jobs.now", lambda google: google.now)
    monkeypatch.setattr(rollback_plan, "present", lambda _: made.now)
    monkeypatch.setattr(rollback_plan, "with_rows", lambda *_: ("captions",))
    monkeypatch.setattr(rollback_plan.backup, "is_deployed", lambda google: google.has_place)
    monkeypatch.setattr(rollback_plan.backup, "unfinished", lambda google: google.begun)
    monkeypatch.setattr(rollback_plan.backup, "listing", lambda google: google.backups)
    return made


def kept(before: timedelta, kind: Kind = Kind.DAILY, state: State = State.COMPLETE) -> Backup:
    """A backup of some time before the mistake."""
    made = END - before
    return Backup(names.stamp(made), kind, made, made, None, (TableCopy("captions"),), state=state)


def found(cloud: Cloud, **first) -> rollback_plan.Data:
    history = newest_first(update(1, **first), update(2))
    return rollback_plan.source_of_rows(cloud, history[-1], history, checkpoint(table()))


DAYS_BEFORE = {"start": NOW - timedelta(days=20), "end": NOW - timedelta(days=20)}


def test_time_travel_comes_before_the_backup_of_a_deployment_that_changed_nothing(cloud):
    cloud.backups = [
        kept(timedelta(hours=2)),
        kept(timedelta(days=3, hours=23), Kind.DEPLOYMENT),
    ]
    data = found(cloud, **DAYS_BEFORE)
    assert (data.time, data.backup) == (END, None)
    assert data.words == [
        f"Rows of 1 table as of {END:%Y-%m-%d %H:%M:%S} UTC, 1 h ago, "
        "by time travel: as they were when the next change began"
    ]


def test_rows_are_those_of_the_clock_that_the_local_cloud_had(cloud, monkeypatch):
    """The history has this machine's time; the local cloud was moved 39 hours ahead of it."""
    ahead = timedelta(hours=39)
    monkeypatch.setattr(rollback_plan, "shown", lambda _, moments: [one + ahead for one in moments])
    cloud.now = NOW + ahead
    data = found(cloud)
    assert (data.time, data.end) == (END + ahead, END + ahead)
    assert ", 1 h ago, by time travel" in data.words[0]
    # Also for the choice of a backup: the one of an hour before the change, by that clock.
    cloud.created = {}
    right = kept(timedelta(minutes=20) - ahead)
    cloud.backups = [kept(timedelta(minutes=20)), right]
    assert found(cloud).backup == right


DAYS = {"timePartitioning": {"type": "DAY", "field": "day"}, "requirePartitionFilter": True}


def in_list(name: str, properties: dict | None = None) -> SimpleNamespace:
    return SimpleNamespace(table_id=name, to_api_repr=lambda: properties or {})


def test_the_question_shows_rows_now_and_then_for_each_table():
    asked = []

    def query(sql, job_config):
        asked.append((sql, [p.value for p in job_config.query_parameters]))
        rows = {"captions": 54_776, "locks": 3} if "SYSTEM_TIME" not in sql else {}
        rows = rows or {"captions": 410_979, "locks": 3, "gone": 8}
        names = re.findall(r"SELECT '(\w+)'", sql)
        found = [SimpleNamespace(table_name=name, n=rows[name]) for name in names]
        return SimpleNamespace(result=lambda: found)

    client = SimpleNamespace(
        query=query,
        list_tables=lambda dataset: [in_list("captions"), in_list("locks", DAYS)],
        get_table=lambda place: SimpleNamespace(
            to_api_repr=lambda: {**DAYS, "schema": {"fields": [{"name": "day", "type": "DATE"}]}}
        ),
    )
    google = SimpleNamespace(settings=parse(VALUES, "f"), bigquery=client)
    found = counts.compare(google, ["captions", "gone", "locks"], END, None)
    assert [(one.table, one.now, one.then, one.change) for one in found] == [
        ("captions", 54_776, 410_979, 356_203),
        ("gone", None, 8, 8),
        ("locks", 3, 3, 0),
    ]
    assert [values for _, values in asked] == [[], [END]], "no table at two points in time"
    for sql, _ in asked:
        filtered = [line for line in sql.splitlines() if "WHERE" in line]
        assert len(filtered) == 1, "a table may refuse to be read without a filter"
        assert "`locks`" in filtered[0]
        every = "(each_row.`day` IS NULL OR each_row.`day` >= DATE '0001-01-01')"
        assert filtered[0].endswith(every)
    assert command.counted(found) == [
        "  table      rows now  rows then    change",
        "  captions     54,776    410,979  +356,203",
        "  gone      not there          8        +8",
        "  locks             3          3",
    ]


def test_rows_of_a_backup_are_those_that_it_recorded():
    listed = [in_list("captions")]
    answer = [SimpleNamespace(table_name="captions", n=5)]
    client = SimpleNamespace(
        query=lambda sql, job_config: SimpleNamespace(result=lambda: answer),
        list_tables=lambda dataset: listed,
    )
    google = SimpleNamespace(settings=parse(VALUES, "f"), bigquery=client)
    copy = kept(timedelta(hours=1))
    (found,) = counts.compare(google, ["captions"], END, copy)
    assert (found.now, found.then, found.change) == (5, None, None)


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"hours": "48", "now": END + timedelta(hours=49)}, "reaches back 2 days"),
        ({"hours": "48", "now": END + timedelta(hours=47, minutes=30)}, "reaches back 2 days"),
        ({"hours": None, "now": END + timedelta(days=8)}, "reaches back 7 days"),
        ({"created": {"captions": END + timedelta(minutes=1)}}, "captions: recreated since"),
        ({"created": {}}, "captions: deleted"),
    ],
)
def test_out_of_its_reach_the_newest_backup_comes(cloud, how, why):
    vars(cloud).update(how)
    with pytest.raises(UserError, match=rf"no rows are kept .*{why}"):
        found(cloud, **DAYS_BEFORE)
    newest = kept(timedelta(hours=2))
    cloud.backups = [
        kept(-timedelta(hours=1), Kind.SAFETY),
        kept(timedelta(minutes=5), state=State.INCOMPLETE),
        newest,
        kept(timedelta(days=3, hours=23), Kind.DEPLOYMENT),
        kept(timedelta(days=25)),
    ]
    data = found(cloud, **DAYS_BEFORE)
    assert (data.time, data.backup) == (newest.time, newest)
    source, gap, reason = data.words
    assert source.endswith(f" ago, from the daily backup {newest.id}")
    assert gap.endswith("written in the 2 h between the backup and the next change")
    assert re.search(why, reason)


def test_of_two_backups_of_one_moment_a_deployments_comes_first(cloud):
    cloud.created = {}
    deployment = kept(timedelta(hours=2), Kind.DEPLOYMENT)
    cloud.backups = [kept(timedelta(hours=2)), deployment, kept(timedelta(hours=2), Kind.MANUAL)]
    assert found(cloud, **DAYS_BEFORE).backup == deployment


def test_a_stack_without_a_place_for_backups_has_no_way_for_rows(cloud):
    cloud.has_place = False
    with pytest.raises(UserError, match=r"no backup dataset.*\n.*without --data"):
        found(cloud)


def test_a_restore_that_has_not_ended_comes_first(cloud):
    cloud.begun = Attempt("1", NOW, "20261101_000000", Source.SNAPSHOT, ("captions",), None)
    with pytest.raises(UserError, match=r"restore of 20261101_000000 .*has not ended"):
        found(cloud)
