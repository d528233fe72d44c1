"""What an operation on a stack has done so far, on disk after every step, so that another process
can go on.

One folder for each operation below the stack's logs, with `journal.json`. Deployments and rollbacks
add what they were asked for; their files keep the keys that they have always had.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Self

from bqstack.durable import private_folder, write_json
from bqstack.errors import UserError
from eros import logs
from eros.operations.results import Result

FILE = "journal.json"
# The message of what is kept of it elsewhere.
KEPT = "journal"
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

    @classmethod
    def read(cls, content: dict[str, Any]) -> Self:
        """A record as a journal has it.

        A rollback of an earlier version wrote no result: a step with an end was done.
        """
        if "result" not in content:
            ended = content.pop("ended")
            content |= {"ended": ended or "", "result": "done" if ended else "interrupted"}
        return cls(**content)

    @property
    def seconds(self) -> float:
        """How long it took; 0 while it runs."""
        if not self.ended:
            return 0.0
        span = datetime.fromisoformat(self.ended) - datetime.fromisoformat(self.started)
        return round(span.total_seconds(), 3)


@dataclass(kw_only=True)
class Journal:
    """An operation: on which stack, and how far it is. All of it is plain JSON."""

    # What a person calls the operation, where its folders are, and its key of the records.
    KIND: ClassVar[str]
    FOLDER: ClassVar[str]
    RECORDS: ClassVar[str] = "records"

    folder: Path
    stack: str
    records: list[Record] = field(default_factory=list)
    status: str = "running"

    def facts(self, name: str) -> dict[str, Any] | None:
        """What the step found when it was last done; None when it never was."""
        done = [r for r in self.records if r.name == name and r.result == "done"]
        return done[-1].facts if done else None

    def found[Found: Result](self, kind: type[Found]) -> Found:
        """What a step found when it was last done; nothing when it was not made."""
        return kind.read(self.facts(kind.STEP) or {})

    def last[Found: Result](self, kind: type[Found]) -> Found:
        """What the last attempt of a step found, a failed one's included."""
        records = [record for record in self.records if record.name == kind.STEP]
        return kind.read(records[-1].facts if records else {})

    @contextmanager
    def step(self, name: str) -> Iterator[Record]:
        """Record a step; the block fills in its facts."""
        record = Record(name, now())
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
            record.ended = now()
            self.save()

    def close(self, status: str) -> None:
        """Say how it ended."""
        self.status = status
        self.save()

    def save(self) -> None:
        """Replace the file in one step, so that no reader sees half of it; raises UserError."""
        file = self.folder / FILE
        try:
            write_json(file, self.document(), default=str)
        except OSError as error:
            raise UserError(f"cannot be written: {error.strerror}", file=file) from None
        self._keep()

    def _keep(self) -> None:
        """Let the newest step outlive this machine, with what else the journal says."""
        content = self.document()
        records = content.pop(self.RECORDS)
        logs.Log(self.KIND).deployment(
            KEPT,
            kind=self.KIND,
            name=self.folder.name,
            journal=content,
            number=len(records),
            record=records[-1] if records else None,
        )
        logs.flush()

    @classmethod
    def recovered(cls, stack: str, kept: Iterable[dict[str, Any]]) -> Self | None:
        """The newest unfinished operation of what `_keep` wrote elsewhere, in a folder again.

        `kept` are the extras of its records, newest first. Raises UserError when a step of it is
        missing.
        """
        found: dict[str, dict[int, dict[str, Any]]] = {}
        heads: dict[str, dict[str, Any]] = {}
        for extras in kept:
            if extras.get("kind") != cls.KIND:
                continue
            name = extras["name"]
            heads.setdefault(name, extras)
            if extras["record"] is not None:
                found.setdefault(name, {}).setdefault(extras["number"], extras["record"])
        for name, head in heads.items():
            if head["journal"]["status"] != "running" or head["journal"].get("dry_run"):
                continue
            steps = found.get(name, {})
            missing = [n for n in range(1, head["number"] + 1) if n not in steps]
            if missing:
                raise UserError(
                    f"Cloud Logging lacks step {missing[0]} of the {cls.KIND} {name}",
                    fix="use the artifact of its run (docs/ci.md), or start over",
                )
            records = [steps[number] for number in range(1, head["number"] + 1)]
            folder = cls.parent(stack) / name
            private_folder(folder)
            content = head["journal"] | {cls.RECORDS: records}
            write_json(folder / FILE, content)
            return cls._load(folder / FILE)
        return None

    def document(self) -> dict[str, Any]:
        """What the file holds."""
        content = {"format": _FORMAT} | asdict(self)
        del content["folder"]
        return {self.RECORDS if key == "records" else key: value for key, value in content.items()}

    @classmethod
    def parent(cls, stack: str) -> Path:
        """Where the folders of a stack are kept."""
        name = stack.rpartition("/")[2]
        return logs.default_folder(name) / cls.FOLDER / name

    @classmethod
    def newest_first(cls, stack: str) -> Iterator[Self]:
        """The journals of a stack; raises UserError at one that cannot be read."""
        for file in sorted(cls.parent(stack).glob(f"*/{FILE}"), reverse=True):
            yield cls._load(file)

    @classmethod
    def _load(cls, path: Path) -> Self:
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            if content.pop("format") != _FORMAT:
                raise ValueError
            records = [Record.read(record) for record in content.pop(cls.RECORDS)]
            return cls(folder=path.parent, records=records, **content)
        except (OSError, ValueError, KeyError, TypeError):
            raise UserError(
                f"this is not the journal of a {cls.KIND} that this version can read",
                file=path,
                fix=f"move its folder away, then start the {cls.KIND} again; "
                "the cloud is as the stack's history says",
            ) from None


def now() -> str:
    """The present moment of this machine as journals write it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
