"""Reads the servers' logs: the last lines, then on request what is added."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

_POLL_SECONDS = 0.3


def last_lines(logs: Sequence[Path], count: int) -> Iterator[tuple[str, str]]:
    """The last `count` lines of each log, with the log's name."""
    for log in logs:
        if log.exists():
            with log.open(errors="replace") as file:
                for line in deque(file, maxlen=count):
                    yield log.stem, line.rstrip("\n")


def follow(logs: Sequence[Path]) -> Iterator[tuple[str, str]]:
    """Lines as they are added from now on, without end."""
    places = {log: log.stat().st_size if log.exists() else 0 for log in logs}
    while True:
        for log in logs:
            if not log.exists():
                continue
            # A shorter file is a new one: the server was started again with a fresh log.
            if log.stat().st_size < places[log]:
                places[log] = 0
            with log.open("rb") as file:
                file.seek(places[log])
                for raw in file:
                    if not raw.endswith(b"\n"):
                        break
                    places[log] += len(raw)
                    yield log.stem, raw.decode(errors="replace").rstrip("\n")
        time.sleep(_POLL_SECONDS)
