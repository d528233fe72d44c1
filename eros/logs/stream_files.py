"""Files of the streams: one per day, compressed when no process writes to it any more.

A day's file is only ever appended to, one write per record, so that several commands can log
at the same time. Rotation is the name: there is nothing to move while others write.
"""

from __future__ import annotations

import gzip
import logging
import os
import re
import shutil
import sys
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path

from bqstack import durable
from bqstack.errors import UserError
from eros.logs.record import Stream

# Days that a stream's files are kept (docs/logs.md: application 30, audit 90). The
# other two are n/s: deployments are as much a proof as the audit log, timings are not.
RETENTION_DAYS = {
    Stream.APPLICATION: 30,
    Stream.AUDIT: 90,
    Stream.PERFORMANCE: 30,
    Stream.DEPLOYMENT: 90,
}
# A command that runs over midnight (UTC) may still write to yesterday's file.
_OPEN_DAYS = 1
_NAME = re.compile(r"(\d{4}-\d{2}-\d{2})\.jsonl(\.gz)?")


class DailyFile(logging.Handler):
    """Appends records to `<folder>/<stream>/<date>.jsonl`, readable by the owner only."""

    def __init__(self, folder: Path, stream: Stream) -> None:
        super().__init__()
        self._folder = folder / stream.value
        self._day: date | None = None
        self._descriptor: int | None = None
        self._complained = False
        self._open(datetime.now(UTC).date())

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line in one piece."""
        try:
            self._open(datetime.fromtimestamp(record.created, UTC).date())
            assert self._descriptor is not None
            os.write(self._descriptor, (self.format(record) + "\n").encode())
        except (OSError, UserError) as error:
            if not self._complained:
                # A full disk must not stop a deployment halfway, but it must be visible.
                print(f"warning: the log cannot be written: {error}", file=sys.stderr)
                self._complained = True

    def close(self) -> None:
        """Close the file."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        super().close()

    def _open(self, day: date) -> None:
        if day == self._day and self._descriptor is not None:
            return
        path = self._folder / f"{day}.jsonl"
        try:
            durable.private_folder(self._folder)
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        except OSError as error:
            raise UserError(
                f"the log cannot be written: {error.strerror}",
                file=path,
                fix="set EROS_LOG_DIR to a folder you can write to",
            ) from None
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._day, self._descriptor = day, descriptor


def tidy(folder: Path, today: date) -> None:
    """Compress the files that are complete and delete those past their retention."""
    for stream, days in RETENTION_DAYS.items():
        for path, day, compressed in _files(folder / stream.value):
            age = (today - day).days
            if age > days:
                path.unlink(missing_ok=True)
            elif age > _OPEN_DAYS and not compressed:
                _compress(path)


def _files(folder: Path) -> list[tuple[Path, date, bool]]:
    found = []
    for path in sorted(folder.glob("*.jsonl*")):
        # Other names are not ours to delete.
        if match := _NAME.fullmatch(path.name):
            with suppress(ValueError):
                found.append((path, date.fromisoformat(match[1]), match[2] is not None))
    return found


def _compress(path: Path) -> None:
    target = path.with_name(path.name + ".gz")
    # Another command may be doing the same: each has a file of its own until the end.
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with path.open("rb") as source, gzip.open(unfinished, "wb") as packed:
            shutil.copyfileobj(source, packed)
        unfinished.chmod(0o400)
        unfinished.replace(target)
        path.unlink()
    except FileNotFoundError:
        pass  # The other command was first.
    finally:
        unfinished.unlink(missing_ok=True)


def tidy_daily(folder: Path) -> None:
    """`tidy`, at most once a day for a folder.

    A full disk or somebody else's file is reported, and stops no command.
    """
    today = datetime.now(UTC).date()
    mark = folder / ".tidied"
    with suppress(FileNotFoundError):
        if datetime.fromtimestamp(mark.stat().st_mtime, UTC).date() == today:
            return
    try:
        tidy(folder, today)
        mark.touch()
    except OSError as error:
        print(f"warning: the logs cannot be cleaned up: {error}", file=sys.stderr)
