"""Where benchmarks run: clouds and stacks of their own, never the user's, and the stopwatch."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

from eros.project.settings import PROJECT_ROOT
from eros.project.stack_file import load_stack_file

if TYPE_CHECKING:
    from eros.cloud.google import Google

# Set by `make` and by tools/activate.sh for the user's own cloud.
_USERS = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "PULUMI_BACKEND_URL", "EROS_BACKEND_URL")
_LAST_LINES = 25


class BenchmarkError(Exception):
    """A command that a benchmark times has failed; the text has the end of its output."""


@dataclass(frozen=True)
class Duration:
    """Time that something took: on the wall, and of processors (its processes that ended)."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Cloud:
    """A local cloud with a data folder and stacks of its own."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """Environment of the commands that work on this cloud."""
        own = {key: value for key, value in os.environ.items() if key not in _USERS}
        return own | {
            "EROS_LOCAL_DIR": str(self.folder),
            "PULUMI_CONFIG_PASSPHRASE": "",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }

    @property
    def backend(self) -> dict[str, str]:
        """Environment of a `pulumi` that is not run through `make`."""
        return self.environment | {"PULUMI_BACKEND_URL": f"file://{self.folder / 'pulumi'}"}

    def google(self) -> Google:
        """Clients of this cloud, as the command `eros` has them."""
        # Imported late: only benchmarks that ask BigQuery need it.
        from eros.cloud.google import Google

        with mock.patch.dict(os.environ, {"EROS_LOCAL_DIR": str(self.folder)}):
            return Google(load_stack_file("local"))

    def clean(self) -> None:
        """Stop the servers and delete the folder."""
        run([sys.executable, "-m", "localgcp", "clean"], environment=self.environment)


class Lab(AbstractContextManager):
    """Gives benchmarks what they need and takes it away at the end."""

    def __init__(self, repeat: int, say: Callable[[str], None]) -> None:
        self.repeat = repeat
        self.say = say
        self._folder = Path(tempfile.mkdtemp(prefix="eros-bench-"))
        self._clouds: list[Cloud] = []

    def __exit__(self, *exception: object) -> None:
        for cloud in self._clouds:
            cloud.clean()
        shutil.rmtree(self._folder, ignore_errors=True)

    def folder(self, name: str) -> Path:
        """An empty folder."""
        made = self._folder / name
        made.mkdir()
        return made

    def deploy(self) -> tuple[Cloud, Duration]:
        """A new cloud with the whole system on it, and how long `make up` took for that."""
        for other in self._clouds:
            # Idle servers of an earlier cloud would take their share of the machine.
            run([sys.executable, "-m", "localgcp", "down"], environment=other.environment)
        cloud = Cloud(self._folder / f"cloud-{len(self._clouds) + 1}")
        self._clouds.append(cloud)
        return cloud, run(["make", "up"], environment=cloud.environment)

    def cloud(self) -> Cloud:
        """A cloud with the whole system on it: the newest, or a first one."""
        return self._clouds[-1] if self._clouds else self.deploy()[0]

    def in_turns(self, *tasks: Callable[[], Duration]) -> list[list[Duration]]:
        """The durations of each task: a run to warm up, then `repeat` rounds of all of them.

        Every other round goes backwards, so that neither a machine that gets slower nor what
        the task before leaves behind falls on one of them.
        """
        for task in tasks:
            task()
        found: list[list[Duration]] = [[] for _ in tasks]
        for number in range(self.repeat):
            order = list(enumerate(tasks))
            for index, task in order if number % 2 == 0 else reversed(order):
                found[index].append(task())
            self.say(f"round {number + 1} of {self.repeat}")
        return found


def run(
    command: Sequence[str], *, environment: dict[str, str], folder: Path = PROJECT_ROOT
) -> Duration:
    """Time a command to its end; raises BenchmarkError when it fails."""
    before, started = _children_cpu(), time.perf_counter()
    result = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    took = Duration(time.perf_counter() - started, _children_cpu() - before)
    if result.returncode:
        end = "\n".join(result.stdout.splitlines()[-_LAST_LINES:])
        raise BenchmarkError(f"{' '.join(command)} failed:\n{end}")
    return took


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
