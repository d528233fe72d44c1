"""The clock of the local cloud on disk: which moment it showed from which real moment on.

The REST server moves the clock, the BigQuery emulator follows: both look at this file. All
times are microseconds since 1970, UTC. Between two moves the clock runs as real time does.
"""

from __future__ import annotations

import bisect
import json
import threading
import time
from pathlib import Path

from localgcp.paths import write_json

NAME = "clock.json"
# Beside it: touched by BigQuery at the end of each job, for those who copy jobs.
FINISHED = "jobs.finished"
# BigQuery's time travel reaches seven days back.
_KEPT = 8 * 24 * 3600 * 1_000_000
_MINUTE = 60 * 1_000_000


class ClockFile:
    """The moves in one file, read again whenever it changes. Safe for use from several threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._version = 0
        # Real moments and the moments shown from then on, both ascending.
        self._real: list[int] = []
        self._shown: list[int] = []
        self._load()

    def offset(self) -> int:
        """What the clock shows now minus real time."""
        self._load()
        with self._lock:
            return self._shown[-1] - self._real[-1] if self._real else 0

    def now(self) -> int:
        """What the clock shows."""
        return real_now() + self.offset()

    def real(self, shown: int) -> int:
        """The real moment at which the clock showed `shown`.

        A moment that the clock jumped over is the moment of the jump.
        """
        self._load()
        with self._lock:
            place = bisect.bisect_right(self._shown, shown) - 1
            if place < 0:
                return min(shown, self._real[0]) if self._real else shown
            moment = self._real[place] + shown - self._shown[place]
            return min([moment, *self._real[place + 1 : place + 2]])

    def shown(self, real: int) -> int:
        """What the clock showed at the real moment `real`."""
        self._load()
        with self._lock:
            place = bisect.bisect_right(self._real, real) - 1
            if place < 0:
                return min(real, self._shown[0]) if self._shown else real
            return self._shown[place] + real - self._real[place]

    def move(self, shown: int) -> None:
        """Make the clock show `shown` from now on."""
        self._load()
        with self._lock:
            real = real_now()
            if self._shown and shown < self._shown[-1]:
                # Set back: what lies after the new moment has not been shown yet.
                self._real, self._shown = [], []
            self._real.append(real)
            self._shown.append(shown)
            self._thin_out(shown - _KEPT)
            write_json(
                self._path,
                {"moves": [list(pair) for pair in zip(self._real, self._shown, strict=True)]},
            )
            self._version = changed(self._path)

    def _thin_out(self, oldest: int) -> None:
        """Keep one move a real minute of those that time travel does not reach any more.

        A walk makes hundreds in a minute. What is left still says on which day an update
        of the stack was, weeks ago, for the backups of that time.
        """
        first = max(0, bisect.bisect_left(self._shown, oldest) - 1)
        kept = [
            place
            for place in range(len(self._real))
            if place >= first or self._real[place + 1] - self._real[place] >= _MINUTE
        ]
        self._real = [self._real[place] for place in kept]
        self._shown = [self._shown[place] for place in kept]

    def _load(self) -> None:
        with self._lock:
            version = changed(self._path)
            if version == self._version:
                return
            moves = json.loads(self._path.read_text())["moves"] if version else []
            self._real = [real for real, _ in moves]
            self._shown = [shown for _, shown in moves]
            self._version = version


def changed(path: Path) -> int:
    """When a file changed last, in nanoseconds; 0 without the file."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def real_now() -> int:
    """Real time."""
    return time.time_ns() // 1000
