"""What `eros sandbox run` and `diff --baseline` run: schedules and procedures, for a day."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bqstack.catalogue import Kind, Routine
from bqstack.errors import UserError
from eros.project import schedules
from eros.project.project import Project
from eros.project.settings import PROJECT_ROOT, Settings


@dataclass(frozen=True)
class Script:
    """A text to run, with its query parameters."""

    name: str
    text: str
    parameters: tuple[Any, ...] = ()


def names(project: Project) -> list[str]:
    """Schedules, then procedures; a schedule goes before a procedure of its name."""
    return list(dict.fromkeys([*project.entries, *(one.name for one in _procedures(project))]))


def of(
    settings: Settings,
    name: str,
    now: datetime,
    day: date | None = None,
    values: Mapping[str, str] | None = None,
    root: Path = PROJECT_ROOT,
) -> Script:
    """The script of a schedule or a procedure; raises UserError.

    `day` is the one that it works for, that of `now` without. `values` are arguments of a
    procedure as SQL, by name; a DATE or TIMESTAMP that is not there is the day.
    """
    project = Project(settings, root)
    if name in project.entries:
        if values:
            raise UserError("a schedule takes no arguments", key="--set", value=name)
        return _schedule(project, name, now, day)
    found = {one.name: one for one in _procedures(project)}
    if name not in found:
        raise UserError(
            "there is no schedule or procedure with this name",
            value=name,
            fix=f"one of: {', '.join(names(project))}",
        )
    return _call(settings, found[name], now, day, values or {})


def each(
    settings: Settings,
    wanted: Sequence[str],
    now: datetime,
    day: date | None = None,
    values: Mapping[str, str] | None = None,
    root: Path = PROJECT_ROOT,
) -> list[Script]:
    """Those of these names, or of all schedules in the order of their file; raises UserError."""
    chosen = wanted or list(Project(settings, root).entries)
    return [of(settings, name, now, day, values, root) for name in chosen]


def run_time(project: Project, name: str, now: datetime, day: date | None) -> datetime:
    """Scheduled time (UTC) at which a schedule works for a day."""
    entry, settings = project.entries[name], project.settings
    if day is None:
        return schedules.latest_run_time(entry, settings, now)
    last = datetime.combine(day, time(23, 59, 59), ZoneInfo(settings.time_zone)).astimezone(UTC)
    return schedules.latest_run_time(entry, settings, last)


def _schedule(project: Project, name: str, now: datetime, day: date | None) -> Script:
    from google.cloud import bigquery

    moment = run_time(project, name, now, day)
    config = schedules.config_for(project.schedules, name, moment)
    parameters = (
        bigquery.ScalarQueryParameter("run_time", "TIMESTAMP", moment),
        bigquery.ScalarQueryParameter("run_date", "DATE", moment.date()),
    )
    used = tuple(p for p in parameters if f"@{p.name}" in config.query)
    return Script(name, config.query, used)


def _call(
    settings: Settings,
    procedure: Routine,
    now: datetime,
    day: date | None,
    values: Mapping[str, str],
) -> Script:
    known = [argument.name for argument in procedure.arguments]
    if unknown := sorted(set(values) - set(known)):
        raise UserError(
            f"{procedure.name} has no argument {', '.join(unknown)}",
            key="--set",
            fix=f"its arguments: {', '.join(known) or 'none'}",
        )
    declared, given = [], []
    for argument in procedure.arguments:
        kind = _sql_type(argument.type)
        value = values.get(argument.name, _of_the_day(kind, now, day))
        if argument.mode in ("OUT", "INOUT"):
            start = f" DEFAULT {value}" if value else ""
            # Not quoted: the local BigQuery does not find a variable by its quoted name.
            declared.append(f"DECLARE {argument.name} {kind}{start};")
            given.append(argument.name)
        elif value is None:
            raise UserError(
                f"{procedure.name} needs a value for {argument.name}, a {kind}",
                key="--set",
                fix=f"--set {argument.name}=VALUE, as SQL: 'text', 3, DATE '2026-01-31'",
            )
        else:
            given.append(value)
    call = f"CALL {settings.dataset_reference}.`{procedure.name}`({', '.join(given)});"
    return Script(procedure.name, "\n".join([*declared, call]))


def _of_the_day(kind: str, now: datetime, day: date | None) -> str | None:
    moment = now if day is None else datetime.combine(day, time(12), UTC)
    if kind == "DATE":
        return f"DATE '{day or moment.date()}'"
    if kind == "TIMESTAMP":
        return f"TIMESTAMP '{moment.isoformat(sep=' ')}'"
    return None


def _sql_type(kind: Mapping[str, Any] | None) -> str:
    """A StandardSqlDataType in SQL."""
    if kind is None:
        return "ANY TYPE"
    name = str(kind["typeKind"])
    if name == "ARRAY":
        return f"ARRAY<{_sql_type(kind['arrayElementType'])}>"
    if name == "STRUCT":
        fields = (
            f"`{field['name']}` {_sql_type(field['type'])}"
            for field in kind["structType"]["fields"]
        )
        return f"STRUCT<{', '.join(fields)}>"
    return name


def _procedures(project: Project) -> Sequence[Routine]:
    return [one for one in project.sql.routines if one.kind is Kind.PROCEDURE]


def arguments(texts: Sequence[str]) -> dict[str, str]:
    """`--set name=VALUE` by name; raises UserError."""
    found = {}
    for text in texts:
        name, mark, value = text.partition("=")
        if not mark or not name or not value:
            raise UserError(
                "not name=VALUE", key="--set", value=text, fix="--set page_name=\"'a'\""
            )
        found[name] = value
    return found


def shown(value: Any) -> str:
    """A value of a result in one line."""
    return value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
