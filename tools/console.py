"""What the toolchain says while it works, and how it stops."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

# A terminal rewrites one line; a log gets a line now and then.
_TERMINAL_TICK_SECONDS = 1.0
_LOG_TICK_SECONDS = 15.0


class ToolchainError(Exception):
    """Something the reader can fix; its text is the whole message."""


def say(message: str) -> None:
    """Print one line at once, also when the output goes to a pipe."""
    print(message, flush=True)


def clock(seconds: float) -> str:
    """Elapsed seconds as m:ss."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


@contextmanager
def ticking(label: str, detail: Callable[[], str] = lambda: "") -> Iterator[None]:
    """Print `label`, then keep saying the elapsed time and `detail()` until the end."""
    say(label)
    terminal = sys.stdout.isatty()
    started = time.monotonic()
    finished = threading.Event()

    def tick() -> None:
        while not finished.wait(_TERMINAL_TICK_SECONDS if terminal else _LOG_TICK_SECONDS):
            line = f"  {clock(time.monotonic() - started)} {detail()}".rstrip()
            if terminal:
                width = shutil.get_terminal_size().columns - 1
                print(f"\r\x1b[K{line[:width]}", end="", flush=True)
            else:
                say(line)

    ticker = threading.Thread(target=tick, daemon=True)
    ticker.start()
    try:
        yield
    finally:
        finished.set()
        ticker.join()
        if terminal:
            print("\r\x1b[K", end="", flush=True)


def run(command: Sequence[str | Path], *, cwd: Path | None = None) -> str:
    """Run a command quietly and give its output.

    Raises ToolchainError with the last lines of what it said when it fails.
    """
    done = subprocess.run(
        command,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        words = " ".join(str(part) for part in command[:5])
        raise ToolchainError(f"`{words} …` failed:\n{tail(done.stderr or done.stdout)}")
    return done.stdout


def tail(text: str, lines: int = 15) -> str:
    """The last lines of `text`, indented."""
    return "\n".join(f"  {line}" for line in text.strip().splitlines()[-lines:])
