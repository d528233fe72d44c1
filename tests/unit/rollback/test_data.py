"""Which rows `eros rollback --data` brings back, and what it says of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest

from bqstack.errors import UserError
from eros.operations.backup import Attempt, Backup, Kind, Source, State, TableCopy, names
from eros.operations.rollback import plans, words
from eros.project.settings import parse
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
    monkeypatch.setattr("eros.operations.backup.jobs.now", lambda google: google.now)
    monkeypatch.setattr(plans, "present", lambda _: made.now)
    monkeypatch.setattr(plans, "with_rows", lambda *_: ("captions",))
    monkeypatch.setattr(plans.backup, "is_deployed", lambda google: google.has_place)
    monkeypatch.setattr(plans.backup, "unfinished", lambda google: google.begun)
    monkeypatch.setattr(plans.backup, "listing", lambda google: google.backups)
    return made


def kept(before: timedelta, kind: Kind = Kind.DAILY, state: State = State.COMPLETE) -> Backup:
    """A backup of some time before the mistake."""
    made = END - before
    return Backup(names.stamp(made), kind, made, made, None, (TableCopy("captions"),), state=state)


def found(cloud: Cloud, **first) -> plans.Data:
    history = newest_first(update(1, **first), update(2))
    return plans._data(cloud, history[-1], history, checkpoint(table()))


DAYS_BEFORE = {"start": NOW - timedelta(days=20), "end": NOW - timedelta(days=20)}


def test_time_travel_comes_before_the_backup_of_a_deployment_that_changed_nothing(cloud):
    cloud.backups = [
        kept(timedelta(hours=2)),
        kept(timedelta(days=3, hours=23), Kind.DEPLOYMENT),
    ]
    data = found(cloud, **DAYS_BEFORE)
    assert (data.time, data.backup) == (END, None)
    assert data.words == [
        f"Rows of 1 tables as of {END:%Y-%m-%d %H:%M:%S} UTC, 1 h ago, "
        "by time travel: as they were when the next change began"
    ]


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"hours": "48", "now": END + timedelta(hours=49)}, "reaches back 2 days"),
        ({"hours": "48", "now": END + timedelta(hours=47, minutes=30)}, "reaches back 2 days"),
        ({"hours": None, "now": END + timedelta(days=8)}, "reaches back 7 days"),
        ({"created": {"captions": END + timedelta(minutes=1)}}, "captions, .* recreated since"),
        ({"created": {}}, "captions, which has been deleted"),
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
    with pytest.raises(UserError, match=r"no dataset of backups.*\n.*without --data"):
        found(cloud)


def test_a_restore_that_has_not_ended_comes_first(cloud):
    cloud.begun = Attempt("1", NOW, "20261101_000000", Source.SNAPSHOT, ("captions",), None)
    with pytest.raises(UserError, match=r"restore of 20261101_000000 .*has not ended"):
        found(cloud)


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (timedelta(seconds=20), "less than a minute"),
        (timedelta(minutes=59, seconds=40), "1 h"),
        (timedelta(hours=5, minutes=7), "5 h 7 min"),
        (timedelta(days=3, hours=23, minutes=59), "3 d 23 h"),
        (timedelta(days=2, minutes=5), "2 d 5 min"),
    ],
)
def test_a_length_of_time_in_words(time, text):
    assert words.span(time) == text
