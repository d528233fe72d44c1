"""Processes of our own: started detached, recognised for certain, stopped by id.

A process id alone proves nothing, since systems reuse them: it counts only together with the
time at which that process started.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_LOG_LIMIT_BYTES = 5_000_000
_POLL_SECONDS = 0.05
_KEPT = frozenset({"HOME", "LANG", "LD_LIBRARY_PATH", "LOGNAME", "PATH", "TMPDIR", "USER"})
_KEPT_PREFIXES = ("LC_", "XDG_")


def start(command: Sequence[str], environment: Mapping[str, str], log: Path, folder: Path) -> int:
    """Start a process that outlives the terminal, with its output in `log`; gives its id."""
    if log.exists() and log.stat().st_size > _LOG_LIMIT_BYTES:
        log.replace(log.with_suffix(".log.1"))
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with open(descriptor, "ab") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=_of_its_own() | dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            umask=0o077,
        )
    return process.pid


def _of_its_own() -> dict[str, str]:
    """What a server takes from whoever starts it: it lives on when that shell is gone.

    Proxies, credentials, Python's and DuckDB's switches stay behind. Times are UTC.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in _KEPT or name.startswith(_KEPT_PREFIXES)
    }
    return kept | {"TZ": "UTC"}


def start_time(pid: int) -> str | None:
    """What tells this process from an earlier or later one of the same id; None if it is gone."""
    stat = Path(f"/proc/{pid}/stat")
    if stat.parent.parent.joinpath("self").exists():
        return _start_time_of_linux(stat)
    answer = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    state, _, started = answer.stdout.strip().partition(" ")
    return None if not started or state.startswith("Z") else started.strip()


def _start_time_of_linux(stat: Path) -> str | None:
    try:
        # The second field is the name in parentheses and may hold spaces.
        fields = stat.read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, ticks_since_boot = fields[0], fields[19]
    if state in "ZX":
        return None
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{boot}:{ticks_since_boot}"


def is_running(pid: int, started: str) -> bool:
    """Whether the process that started then still runs."""
    return start_time(pid) == started


def stop(pid: int, started: str, patience: float) -> bool:
    """End a process: ask, wait `patience` seconds, then kill. False if it was gone already."""
    if not is_running(pid, started):
        return False
    os.kill(pid, signal.SIGTERM)
    if not wait_until(lambda: _ended(pid, started), patience):
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: _ended(pid, started), patience)
    return True


def _ended(pid: int, started: str) -> bool:
    return not is_running(pid, started)


def wait_until[Value](condition: Callable[[], Value], seconds: float) -> Value:
    """Poll `condition` until it gives something true or time is up; what it gave last."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            break
        time.sleep(_POLL_SECONDS)
    return value
