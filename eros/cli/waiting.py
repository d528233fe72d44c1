"""What a command is at, on standard error, once it has taken longer than a moment.

Nothing is said of what is quick; the first words come within two seconds of the command's start,
however late it comes to its work. An estimate is what the same work took the last time on this
machine; it is kept in the user's cache, and a cache that cannot be written costs the estimate.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from bqstack import amounts

SILENT_SECONDS = 1.5
AGAIN_SECONDS = 15.0


class _Silence:
    """Since when the command has said nothing; None outside a command and once it has spoken."""

    def __init__(self) -> None:
        self.since: float | None = None


_silence = _Silence()


def begin() -> None:
    """The command begins: its first work is named so long after this, not after its own start."""
    _silence.since = time.monotonic()


class _Questions:
    """Whether a person is being asked, and for how long in all: nothing is said meanwhile."""

    def __init__(self) -> None:
        self.open = False
        self.seconds = 0.0


_questions = _Questions()


@contextmanager
def asking() -> Iterator[None]:
    """While the block waits for a person, nothing is said, and the time does not count."""
    began = time.monotonic()
    _questions.open = True
    try:
        yield
    finally:
        _questions.open = False
        _questions.seconds += time.monotonic() - began


@contextmanager
def working(what: str) -> Iterator[Callable[[str], None]]:
    """Say what the block is at when it lasts, again from time to time, with an estimate.

    The block may name the step that it has come to, with the function that it is given.
    """
    started = time.monotonic()
    asked = _questions.seconds
    before = _durations().get(what)
    done = threading.Event()
    steps: list[str] = []

    def spent() -> float:
        return time.monotonic() - started - (_questions.seconds - asked)

    def tell() -> None:
        if done.wait(SILENT_SECONDS - (started - (_silence.since or started))):
            return
        _silence.since = None
        estimate = f"; the last time it took {_seconds(before)}" if before else ""
        print(f"{what}{estimate}", file=sys.stderr, flush=True)
        while not done.wait(AGAIN_SECONDS):
            if _questions.open:
                continue
            step = f", at {steps[-1]}" if steps else ""
            print(f"{what}: {_seconds(spent())} so far{step}", file=sys.stderr, flush=True)

    teller = threading.Thread(target=tell, name="waiting", daemon=True)
    teller.start()
    try:
        yield steps.append
    finally:
        done.set()
        teller.join()
    took = spent()
    if took > SILENT_SECONDS:
        _remember(what, took)


@contextmanager
def in_steps(what: str, progress: Callable[[str], None]) -> Iterator[Callable[[str], None]]:
    """The `progress` of work that tells its steps; one that lasts is named again and again."""
    with working(what) as at:

        def tell(line: str) -> None:
            at(line.strip())
            progress(line)

        yield tell


def _seconds(seconds: float) -> str:
    return amounts.span(timedelta(seconds=seconds), smallest="s")


def _file() -> Path:
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "eros" / "durations.json"


def _durations() -> dict[str, float]:
    try:
        found = json.loads(_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {what: took for what, took in found.items() if isinstance(took, int | float)}


def _remember(what: str, seconds: float) -> None:
    path = _file()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = path.with_suffix(f".{os.getpid()}")
        known = _durations() | {what: round(seconds, 1)}
        unfinished.write_text(json.dumps(known, indent=1), encoding="utf-8")
        unfinished.replace(path)
    except OSError:
        return
