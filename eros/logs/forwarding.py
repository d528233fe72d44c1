"""Records that outlive this machine: handed on in batches, beside the files (docs/logs.md).

A command that changes something holds its records until it has reached the stack's cloud; from then
on they go there at each step, at the end, and each audit record at once. One that never gets so far
changed nothing, and its records stay on this machine.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bqstack.errors import UserError
from bqstack.failures import FAILURES, explained
from eros.logs.record import JsonLine, Stream, correlation

# Cloud Logging takes 1,000 entries and 10 MB in a request, 256 KB in an entry.
_BATCH = 200
_LONGEST = 200_000
# What is kept for a service that refuses; older ones are in the files.
_MOST_WAITING = 5_000


@dataclass(frozen=True)
class Line:
    """One record: as the files have it, with an id that it keeps when it is sent again."""

    id: str
    stream: Stream
    content: dict[str, Any]


Send = Callable[[Sequence[Line]], None]


class Forwarder(logging.Handler):
    """Collects the records of all streams for `send`, once somebody has said what that is."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonLine())
        self._send: Send | None = None
        self._waiting: list[Line] = []
        self._numbered = 0
        self._failure = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the record, and send what waits when it is time."""
        text = self.format(record)
        content: dict[str, Any] = json.loads(text)
        if len(text) > _LONGEST:
            content["extras"] = {"tooLong": len(text)}
        stream = Stream(record.name.rpartition(".")[2])
        self._numbered += 1
        line_id = f"{correlation()}-{os.getpid()}-{self._numbered}"
        self._waiting = [*self._waiting[-_MOST_WAITING:], Line(line_id, stream, content)]
        if stream is Stream.AUDIT or len(self._waiting) >= _BATCH:
            self.flush()

    def send_by(self, send: Send) -> None:
        """From now on records are sent by this; the first one stays."""
        if self._send is None:
            self._send = send
            self.flush()

    def flush(self) -> None:
        """Send what waits. After a refusal only the end of the command tries again."""
        self.acquire()
        try:
            if not self._failure:
                self._try()
        finally:
            self.release()

    def close(self) -> None:
        """Send the rest; says on standard error what could not be kept."""
        self._try()
        if self._failure:
            print(
                f"warning: the records of this command are on this machine only: {self._failure}",
                file=sys.stderr,
            )
        super().close()

    def _try(self) -> None:
        while self._send is not None and self._waiting:
            batch = self._waiting[:_BATCH]
            try:
                self._send(batch)
            except (UserError, *FAILURES) as error:
                text = error.message if isinstance(error, UserError) else explained(error)
                self._failure = text
                return
            self._failure = ""
            self._waiting = self._waiting[len(batch) :]
