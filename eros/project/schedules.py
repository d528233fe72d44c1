"""The catalogue of scheduled queries, and the transfer configs that it needs.

Data Transfer knows neither time zones nor daylight saving: a schedule is UTC. A time of
day in the stack's zone becomes one config per UTC offset of the zone, and the body of
each runs only when the local clock of the run's scheduled time shows that time of day.
On every local date exactly one of them does (docs/requirements.md#schedules-and-limits; proof in
tests/unit/test_schedules.py). The times chosen must exist exactly once on the days on
which the clock changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import StringConstraints, model_validator

from bqstack import templates
from bqstack.analysis.beside import Statement
from bqstack.catalogue import Catalogue
from bqstack.documents import Section, load_document, one_of
from bqstack.errors import UserError
from eros.project import cron
from eros.project.settings import PROJECT_ROOT, Settings

FILE = Path("config/schedules.yaml")
LIMITS = "stop_overdue_runs"
"""The entry that stops runs of all entries at their limits (docs/decisions/024-limits.md)."""
_TIME_OF_DAY = r"^([01]\d|2[0-3]):[0-5]\d$"
# Offsets of the zone are looked for in these years, so that the configs do not depend on
# the day on which `up` runs.
_YEARS = (2025, 2026)

Priority = Literal["CRITICAL", "HIGH", "MEDIUM", "LOW"]
# Of the outbox, for a run that failed for good.
_ALERT_LEVELS = {"CRITICAL": "CRITICAL", "HIGH": "WARNING", "MEDIUM": "WARNING", "LOW": "INFO"}


class Schedule(Section):
    """One entry of config/schedules.yaml."""

    model_config = one_of(("schedule", "dailyAt"))

    title: str
    call: str
    limit: str = "{{ limits.query_timeout_seconds }}"
    schedule: str | None = None
    daily_at: Annotated[str, StringConstraints(pattern=_TIME_OF_DAY)] | None = None
    priority: Priority
    owner: str

    @model_validator(mode="after")
    def _one_time(self) -> Schedule:
        if (self.schedule is None) == (self.daily_at is None):
            raise ValueError("give either schedule or dailyAt")
        return self


class Document(Section):
    """config/schedules.yaml."""

    schedules: dict[Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")], Schedule]


@dataclass(frozen=True)
class TransferConfig:
    """What one DataTransferConfig holds.

    `key` is its name in the program, `schedule_name` the entry that it belongs to, `gap`
    the longest time between two runs, at most a day, `limit` the longest time of one.
    """

    key: str
    schedule_name: str
    title: str
    schedule: str
    query: str
    gap: timedelta
    limit: timedelta


class ScheduledScripts:
    """The scripts of config/schedules.yaml; a `bqstack.analysis.beside.Scripts`."""

    file = FILE

    def __init__(self, settings: Settings, root: Path) -> None:
        self.settings, self.root = settings, root
        self.configs: list[TransferConfig] | None = None
        """What was read, None before or when the file has a mistake."""

    def statements(self) -> list[Statement]:
        """What each transfer config runs, as Data Transfer will run it; raises UserError."""
        self.configs = transfer_configs(self.settings, self.root)
        return [
            Statement(f"schedules.{config.schedule_name}.call", config.query)
            for config in self.configs
        ]


def load(root: Path = PROJECT_ROOT) -> dict[str, Schedule]:
    """Entries of config/schedules.yaml by name; raises UserError."""
    schedules = load_document(Document, root / FILE, root).schedules
    for name, entry in schedules.items():
        _gap(name, entry)
    return schedules


def rhythms(root: Path) -> str:
    """Entries that run every day, as elements of an array of STRUCT<name, minutes> in SQL.

    The minutes are the longest time between two runs. What runs less often is left out: it is late
    only after days. Raises UserError.
    """
    found = [
        f"STRUCT('{name}' AS name, {_gap(name, entry).total_seconds() / 60:.0f} AS minutes)"
        for name, entry in load(root).items()
        if entry.schedule is None or cron.runs_daily(entry.schedule)
    ]
    return ", ".join(found)


def limits(settings: Settings, root: Path) -> str:
    """Entries with their limits, as elements of an array of STRUCT<name, seconds> in SQL.

    Raises UserError.
    """
    context = settings.template_values()
    return ", ".join(
        f"STRUCT('{name}' AS name, {_limit(name, entry, context).total_seconds():.0f} AS seconds)"
        for name, entry in load(root).items()
    )


def transfer_configs(settings: Settings, root: Path = PROJECT_ROOT) -> list[TransferConfig]:
    """Transfer configs of a stack in the order of the file; raises UserError."""
    configs = []
    context = settings.template_values()
    for name, entry in load(root).items():
        call = templates.fill(entry.call, context, FILE, f"schedules.{name}.call").strip()
        if entry.schedule is not None:
            query = _body(name, call, entry.priority, settings)
            gap, limit = _gap(name, entry), _limit(name, entry, context)
            title = settings.names.title(entry.title)
            configs.append(TransferConfig(name, name, title, entry.schedule, query, gap, limit))
        else:
            configs += _daily(name, entry, call, settings)
    return configs


def check_calls(configs: list[TransferConfig], known: Catalogue, settings: Settings) -> None:
    """Refuse a call of what no file in sql/ creates; raises UserError."""
    # Its tokenizer takes a tenth of a second to load.
    from bqstack.catalogue import scan

    for config in configs:
        tokens = tuple(scan.tokenize(config.query))
        for reference in scan.references(tokens, settings.project, settings.dataset):
            if reference.name not in known.objects:
                close = get_close_matches(reference.name, known.objects, n=1)
                raise UserError(
                    "no file in sql/ creates what it calls",
                    file=FILE,
                    key=f"schedules.{config.schedule_name}.call",
                    value=reference.name,
                    fix=f"did you mean {close[0]!r}?" if close else None,
                )


def latest_run_time(entry: Schedule, settings: Settings, now: datetime) -> datetime:
    """Scheduled time to give a run that is started by hand at `now` (both UTC).

    A daily query is run for its latest local date, anything else for now.
    """
    if entry.daily_at is None:
        return now.replace(microsecond=0)
    zone = ZoneInfo(settings.time_zone)
    local = now.astimezone(zone)
    moment = _at(local.date(), entry.daily_at, zone)
    if moment > now:
        moment = _at(local.date() - timedelta(days=1), entry.daily_at, zone)
    return moment


def config_for(configs: list[TransferConfig], name: str, run_time: datetime) -> TransferConfig:
    """The transfer config of entry `name` that does its work at `run_time` (UTC)."""
    own = [config for config in configs if config.schedule_name == name]
    if len(own) == 1:
        return own[0]
    return next(c for c in own if c.schedule == f"every day {run_time:%H:%M}")


def _daily(name: str, entry: Schedule, call: str, settings: Settings) -> list[TransferConfig]:
    assert entry.daily_at is not None
    zone = ZoneInfo(settings.time_zone)
    first, last = date(_YEARS[0], 1, 1), date(_YEARS[1], 12, 31)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    odd = next((d for d in days if not _exists_once(d, entry.daily_at, zone)), None)
    if odd is not None:
        raise UserError(
            f"on {odd} this time occurs never or twice in {settings.time_zone}",
            file=FILE,
            key=f"schedules.{name}.dailyAt",
            value=entry.daily_at,
            fix="choose a time outside the hour in which the clock changes",
        )
    times = sorted({f"{_at(day, entry.daily_at, zone):%H:%M}" for day in days})
    guard = f"FORMAT_TIMESTAMP('%H:%M', @run_time, '{settings.time_zone}') = '{entry.daily_at}'"
    query = _body(name, call, entry.priority, settings, guard)
    return [
        TransferConfig(
            key=f"{name}_{time.replace(':', '')}_utc",
            schedule_name=name,
            title=settings.names.title(
                f"{entry.title} ({time} UTC)" if len(times) > 1 else entry.title
            ),
            schedule=f"every day {time}",
            query=query,
            gap=_gap(name, entry),
            limit=_limit(name, entry, settings.template_values()),
        )
        for time in times
    ]


def _exists_once(day: date, time_of_day: str, zone: ZoneInfo) -> bool:
    hour, minute = map(int, time_of_day.split(":"))
    local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
    return local.utcoffset() == local.replace(fold=1).utcoffset()


def _at(day: date, time_of_day: str, zone: ZoneInfo) -> datetime:
    hour, minute = map(int, time_of_day.split(":"))
    local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
    return local.astimezone(UTC)


def _body(
    name: str, call: str, priority: Priority, settings: Settings, guard: str | None = None
) -> str:
    """Script of a transfer config: labels for the jobs it starts, then the call.

    Data Transfer tries nothing again (docs/requirements.md C-33), so the script does.
    """
    labels = f"component:{name},{settings.job_labels}"
    level = _ALERT_LEVELS[priority]
    retry = f"prepare_retry('{name}', '{level}', @@error.message, failures)"
    attempts = [
        "BEGIN",
        "  DECLARE failures INT64 DEFAULT 0;",
        "  DECLARE is_done BOOL DEFAULT FALSE;",
        "  WHILE NOT is_done DO",
        "    BEGIN",
        f"      {call};",
        "      SET is_done = TRUE;",
        "    EXCEPTION WHEN ERROR THEN",
        f"      CALL {settings.dataset_reference}.{retry};",
        "    END;",
        "  END WHILE;",
        "END;",
    ]
    lines = [f"SET @@query_label = '{labels}';"]
    lines += (
        [f"IF {guard} THEN", *(f"  {line}" for line in attempts), "END IF;"] if guard else attempts
    )
    return "\n".join(lines) + "\n"


def _limit(name: str, entry: Schedule, context: Mapping[str, Any]) -> timedelta:
    """Longest time of a run; raises UserError."""
    key = f"schedules.{name}.limit"
    text = templates.fill(entry.limit, context, FILE, key)
    if not text.isdecimal() or int(text) == 0:
        raise UserError(
            "a limit is a whole number of seconds", file=FILE, key=key, value=entry.limit
        )
    return timedelta(seconds=int(text))


def _gap(name: str, entry: Schedule) -> timedelta:
    """Longest time between two runs, at most a day; raises UserError for what is refused."""
    written = entry.schedule or f"every day {entry.daily_at}"
    try:
        return cron.longest_gap(written)
    except cron.Refused as error:
        raise UserError(
            str(error),
            file=FILE,
            key=f"schedules.{name}.{'schedule' if entry.schedule else 'dailyAt'}",
            value=entry.schedule or entry.daily_at,
            fix=error.fix,
        ) from None
