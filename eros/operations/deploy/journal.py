"""What a deployment has done so far, on disk after every step, so that another run can go on.

One folder for each deployment below the stack's logs, `deployments/<stack>/<id>/`, with
`journal.json` and at the end `report.md` and `report.json`.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bqstack import durable
from bqstack.durable import write_json
from bqstack.errors import UserError
from eros import logs

_FILE = "journal.json"
# Of the journal's form; another one is not resumed.
_FORMAT = 1


@dataclass
class Record:
    """One step: begin and end (ISO 8601, UTC), outcome, and what it found."""

    name: str
    started: str
    ended: str = ""
    result: str = "running"
    """running, done, failed or interrupted"""
    facts: dict[str, Any] = field(default_factory=dict)
    error: str = ""

    @property
    def seconds(self) -> float:
        """How long it took; 0 while it runs."""
        if not self.ended:
            return 0.0
        span = datetime.fromisoformat(self.ended) - datetime.fromisoformat(self.started)
        return round(span.total_seconds(), 3)


@dataclass
class Journal:
    """A deployment: of what, and how far it is."""

    folder: Path
    id: str
    stack: str
    commit: str
    records: list[Record] = field(default_factory=list)
    status: str = "running"
    """running, or the name of the exit code that it ended with, or SUPERSEDED"""
    dry_run: bool = False

    @classmethod
    def begin(cls, stack: str, commit: str, *, dry_run: bool = False) -> Journal:
        """A journal in a folder of its own; raises UserError when it cannot be written."""
        made = f"{datetime.now(UTC):%Y%m%d_%H%M%S}_{uuid.uuid4().hex[:6]}"
        folder = folder_of(stack) / made
        try:
            durable.private_folder(folder)
        except OSError as error:
            raise UserError(f"cannot be written: {error.strerror}", file=folder) from None
        journal = cls(folder, made, stack, commit, dry_run=dry_run)
        journal.save()
        return journal

    def facts(self, name: str) -> dict[str, Any] | None:
        """What the step found when it was last done; None when it never was."""
        done = [r for r in self.records if r.name == name and r.result == "done"]
        return done[-1].facts if done else None

    def has_begun(self, name: str) -> bool:
        """Whether the step was ever begun."""
        return any(record.name == name for record in self.records)

    @contextmanager
    def step(self, name: str) -> Iterator[Record]:
        """Record a step; the block fills in its facts."""
        record = Record(name, _now())
        self.records.append(record)
        self.save()
        try:
            yield record
            record.result = "done"
        except (KeyboardInterrupt, SystemExit):
            record.result = "interrupted"
            raise
        except BaseException as error:
            record.result, record.error = "failed", str(error)
            raise
        finally:
            record.ended = _now()
            self.save()

    def close(self, status: str) -> None:
        """Say how it ended."""
        self.status = status
        self.save()

    def save(self) -> None:
        """Replace the file in one step, so that no reader sees half of it."""
        content = logs.redacted({"format": _FORMAT} | asdict(self))
        del content["folder"]
        write_json(self.folder / _FILE, content, default=str)


def folder_of(stack: str) -> Path:
    """Where the deployments of a stack are kept."""
    name = stack.rpartition("/")[2]
    return logs.default_folder(name) / "deployments" / name


def unfinished(stack: str) -> Journal | None:
    """The newest deployment of the stack that has not come to its end."""
    for file in sorted(folder_of(stack).glob(f"*/{_FILE}"), reverse=True):
        journal = _load(file)
        if journal.status == "running" and not journal.dry_run:
            return journal
    return None


def _load(path: Path) -> Journal:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content.pop("format") != _FORMAT:
            raise ValueError
        records = [Record(**record) for record in content.pop("records")]
        return Journal(folder=path.parent, records=records, **content)
    except (OSError, ValueError, KeyError, TypeError):
        raise UserError(
            "this is not the journal of a deployment",
            file=path,
            fix="move the folder away; the cloud is as the stack's history says",
        ) from None


def _now() -> str:
    return datetime.now(UTC).isoformat()
