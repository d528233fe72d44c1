"""How long the commands take that people wait for."""

from __future__ import annotations

from dev.bench.benchmark import Figures, benchmark, seconds
from dev.bench.lab import Duration, Lab, run

# Label: the words behind `eros`. Each is run once to warm up.
_COMMANDS = {
    "eros --help": ("--help",),
    "eros --version": ("--version",),
    "eros health": ("health", "--accept-warning"),
    "eros validate, nothing changed": ("validate",),
    "eros validate --fresh": ("validate", "--fresh"),
    "eros plan, one commit back, no cloud": (
        *("plan", "--stack", "staging", "--base", "HEAD~1", "--head", "HEAD", "--offline"),
    ),
}


@benchmark("commands", "commands that people wait for: wall time, and processor time")
def commands(lab: Lab) -> Figures:
    """Wall time and the processor time of the command itself, without that of the local cloud."""
    environment = lab.cloud().backend

    def time(*words: str) -> Duration:
        return run(["eros", *words], environment=environment)

    tasks = [lambda words=words: time(*words) for words in _COMMANDS.values()]
    figures = []
    for label, found in zip(_COMMANDS, lab.in_turns(*tasks), strict=True):
        figures.append(seconds(label, [one.wall for one in found]))
        figures.append(seconds(f"{label}, CPU", [one.cpu for one in found]))
    return Figures(tuple(figures))


@benchmark("advance", "two days of schedules on the local clock")
def advance(lab: Lab) -> Figures:
    """Each round goes on where the one before has ended."""
    environment = lab.cloud().backend
    found = [
        run(["eros", "local", "clock", "advance", "2d"], environment=environment)
        for _ in range(lab.repeat)
    ]
    return Figures((seconds("eros local clock advance 2d", [one.wall for one in found]),))
