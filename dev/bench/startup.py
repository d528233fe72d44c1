"""Start of our programs next to the start of Python: what imports cost."""

from __future__ import annotations

import os
import sys

from dev.bench.benchmark import Figures, benchmark, ratio, seconds
from dev.bench.lab import Duration, Lab, run

# Label: what is run by `python`.
_PROGRAMS = {
    "eros --help": ("-m", "eros.cli.app", "--help"),
    "import of the Pulumi program": ("-c", "import components.system"),
    "catalogue load": (
        "-c",
        "from eros.project.project import Project; Project.load('local').sql",
    ),
}


@benchmark("startup", "processor time until our programs have started")
def startup(lab: Lab) -> Figures:
    """Processor seconds, because imports wait for nothing."""

    def start(*arguments: str) -> Duration:
        return run([sys.executable, *arguments], environment=dict(os.environ))

    tasks = [lambda a=arguments: start(*a) for arguments in (("-c", "pass"), *_PROGRAMS.values())]
    bare, *programs = ([one.cpu for one in found] for found in lab.in_turns(*tasks))
    figures = [seconds("python alone, CPU", bare)]
    for label, samples in zip(_PROGRAMS, programs, strict=True):
        figures.append(ratio(f"{label} / python alone", samples, bare))
        figures.append(seconds(f"{label}, CPU", samples))
    return Figures(tuple(figures))
