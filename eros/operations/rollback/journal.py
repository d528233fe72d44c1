"""What a rollback has done so far, on disk after every step, so that another process can go on.

One folder for each rollback under the stack's logs: `journal.json`, and at the end `report.md`
and `report.json`.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bqstack.durable import exclusive, private_folder, write_json
from bqstack.errors import UserError
from eros import logs

_FILE = "journal.json"
# Of the journal's form; another one is not resumed.
_FORMAT = 1


@dataclass
class StepRecord:
    """One step: when it began and ended (ISO 8601, UTC), and its facts."""

    name: str
    started: str
    ended: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """How long it took; 0 while it has not ended."""
        if self.ended is None:
            return 0.0
        span = datetime.fromisoformat(self.ended) - datetime.fromisoformat(self.started)
        return span.total_seconds()


@dataclass
class Journal:
    """A rollback: what was asked for and how far it is. All of it is plain JSON."""

    folder: Path
    stack: str
    target: str
    """"update N", or "file NAME"."""
    version: int | None
    file: str | None
    target_time: str
    """When the engine wrote the checkpoint: proof that a number still means the same one."""
    drop: list[str]
    lift: list[str]
    """Urns whose protection is lifted, because they are to be deleted."""
    tables: list[str]
    """Tables whose rows are brought back; none without data."""
    data_time: str
    """The moment whose rows they are."""
    data_backup: str
    """The backup that they are read from; empty for time travel."""
    clear_locks: bool
    backup: bool
    """Whether to take a backup first."""
    words: list[str]
    """The changes, as they were shown."""
    hint: str
    """How to make git agree."""
    health_before: dict[str, Any]
    began: str = field(default_factory=lambda: _now())
    steps: list[StepRecord] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    """Urns of interrupted operations that the state holds as ended, and a refresh has not seen."""
    status: str = "running"
    """running, done, failed before anything changed, or superseded by another update"""

    @classmethod
    def begin(cls, **values: Any) -> Journal:
        """A journal with a folder of its own."""
        stamp = datetime.now(UTC).strftime("%Y%m%d_%H%M%S")
        parent = _parent(values["stack"])
        try:
            private_folder(parent)
            folder = Path(tempfile.mkdtemp(prefix=f"{stamp}-", dir=parent))
        except OSError as error:
            raise UserError(f"cannot be written: {error.strerror}", file=parent) from None
        journal = cls(folder=folder, **values)
        journal.save()
        return journal

    def facts(self, name: str) -> dict[str, Any] | None:
        """What an ended step found; None when it has not ended."""
        ended = [step for step in self.steps if step.name == name and step.ended]
        return ended[-1].facts if ended else None

    @contextmanager
    def step(self, name: str) -> Iterator[dict[str, Any]]:
        """Record a step; the block fills in its facts. Left by an exception it has not ended."""
        record = StepRecord(name, _now())
        self.steps.append(record)
        self.save()
        yield record.facts
        record.ended = _now()
        self.save()

    def remember(self, taken: Sequence[str]) -> None:
        """Keep the urns that a refresh has yet to look at."""
        self.taken = list(taken)
        self.save()

    def close(self, status: str) -> None:
        """Say how it ended."""
        self.status = status
        self.save()

    def save(self) -> None:
        """Replace the file in one step, so that no reader sees half of it."""
        content = {"format": _FORMAT} | asdict(self)
        del content["folder"]
        file = self.folder / _FILE
        try:
            write_json(file, content)
        except OSError as error:
            raise UserError(f"cannot be written: {error.strerror}", file=file) from None


def unfinished(stack: str) -> Journal | None:
    """The newest rollback of the stack, when it has not come to its end.

    One that failed before it changed anything does not count: what it was to supersede still
    waits for its end.
    """
    for file in sorted(_parent(stack).glob(f"*/{_FILE}"), reverse=True):
        journal = _load(file)
        if journal.status != "failed":
            return journal if journal.status == "running" else None
    return None


@contextmanager
def alone(stack: str) -> Iterator[None]:
    """No other rollback of the stack runs on this machine; raises UserError when one does."""
    path = _parent(stack) / "lock"

    def refusal() -> UserError:
        return UserError(
            f"another rollback of stack {stack} is running", file=path, fix="wait for its end"
        )

    with exclusive(path, refusal):
        yield


def refuse_running(stack: str) -> None:
    """Raise UserError when a rollback of the stack runs on this machine at this moment."""
    with alone(stack):
        pass


def _load(path: Path) -> Journal:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content.pop("format") != _FORMAT:
            raise ValueError
        steps = [StepRecord(**step) for step in content.pop("steps")]
        return Journal(folder=path.parent, steps=steps, **content)
    except (OSError, ValueError, KeyError, TypeError):
        raise UserError(
            "this is not the journal of a rollback that this version can read",
            file=path,
            fix="move its folder away, then start the rollback again",
        ) from None


def _parent(stack: str) -> Path:
    name = stack.rpartition("/")[2]
    return logs.default_folder(name) / "rollbacks" / name


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
