"""Creating a sandbox, or finishing an interrupted one: each step first checks what exists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from bqstack import engine, state
from bqstack.catalogue import Kind
from bqstack.errors import UserError
from eros.cloud.google import Google
from eros.cloud.local_control import present
from eros.operations import repair
from eros.project.project import Project
from eros.project.settings import PROJECT_ROOT, Settings
from eros.project.stack_file import load_stack_file
from eros.sandbox import clonable, cloning, sandbox_file
from eros.sandbox.sandbox_file import Data

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Request:
    """What is asked for; None means the default, or what the file says."""

    name: str
    source: str | None = None
    data: Data | None = None
    days: int | None = None


@dataclass(frozen=True)
class Created:
    """A sandbox that is whole.

    `moment` is that of its clones, None without; `bytes` what they show of the source's,
    `missing` the tables that the source lacks, and `streaming` those whose newest rows are
    not in a clone yet.
    """

    settings: Settings
    expires: date
    data: Data
    moment: datetime | None = None
    tables: int = 0
    bytes: int = 0
    missing: tuple[str, ...] = ()
    streaming: tuple[str, ...] = ()


def create(request: Request, *, root: Path = PROJECT_ROOT, progress: Progress) -> Created:
    """Make the sandbox; raises UserError, before anything is made for what can be known."""
    name = request.name
    sandbox_file.check_name(name, root)
    if sandbox_file.path(name, root).is_file():
        own = sandbox_file.read(name, root)
        _refuse_other(request, own)
        content = None
    else:
        source_name = request.source or "local"
        today = present(load_stack_file(source_name, root)).date()
        content = sandbox_file.document(
            name, source_name, request.data or Data.CLONE, today, request.days or 7, root
        )
        own = sandbox_file.settings(content, name, root)
    lease = own.lease
    assert lease is not None
    source = load_stack_file(lease.source, root)
    google = Google(own, root)
    tables = cloned_tables(own, root)
    found = None
    if lease.data == Data.CLONE.value:
        progress(f"looking at the tables of {source.dataset}")
        found = clonable.examine(google, source, tables)
    if content is not None:
        sandbox_file.write(name, content, root)

    progress(f"the stack {name}: pulumi up")
    state.ensure_stack(name, root)
    repair.repair(google, name, root=root, progress=progress)
    up(name, root)
    if found is None:
        return Created(own, lease.expires, Data(lease.data))
    moment = cloning.clone(google, source, found.tables, progress)
    if odd := cloning.differing(google, {n: tables[n] for n in found.tables}):
        progress(f"the program changes columns of {', '.join(odd)}: pulumi up")
        up(name, root, "--refresh")
    return Created(
        own,
        lease.expires,
        Data(lease.data),
        moment,
        len(found.tables),
        found.bytes,
        found.missing,
        found.streaming,
    )


def cloned_tables(settings: Settings, root: Path) -> dict[str, list[dict[str, Any]]]:
    """Columns of the tables that a sandbox has rows of, by name.

    The job history is the project's: of it each stack sees its own jobs.
    """
    return {
        table.name: list(table.schema)
        for table in Project(settings, root).sql.tables
        if table.kind is not Kind.LOCAL_TABLE
    }


def up(name: str, root: Path, *options: str) -> None:
    """Converge the stack without a question; raises UserError."""
    quiet = ("--yes", "--skip-preview")
    engine.run_quietly("up", "--stack", name, *quiet, *options, root=root)


def _refuse_other(request: Request, own: Settings) -> None:
    """An existing sandbox keeps its options; raises UserError when others are asked for."""
    lease = own.lease
    assert lease is not None
    asked = {
        "--from": (request.source, lease.source),
        "--data": (request.data, lease.data),
    }
    for key, (wanted, has) in asked.items():
        if wanted is not None and wanted != has:
            raise UserError(
                f"the sandbox {request.name} was created with {has}",
                key=key,
                value=str(wanted),
                fix=f"eros sandbox destroy {request.name} first",
            )
