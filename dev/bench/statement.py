"""What the local BigQuery spends on a small query, next to a request that runs none."""

from __future__ import annotations

from collections.abc import Callable

from dev.bench.benchmark import Figures, benchmark, ratio, seconds
from dev.bench.emulator import Emulator
from dev.bench.lab import Duration, Lab
from eros.project.stack_file import load_stack_file

CALLS = 100


@benchmark("statement", "processor time of a small query on the local BigQuery")
def statement(lab: Lab) -> Figures:
    """Seconds for one call, as the mean of CALLS; of the server's process, without the client."""
    settings = load_stack_file("local")
    with Emulator(lab.folder("statement"), settings) as emulator:
        emulator.create_dataset()

        def repeated(call: Callable[[], object]) -> Duration:
            took = emulator.duration(lambda: [call() for _ in range(CALLS)])
            return Duration(took.wall / CALLS, took.cpu / CALLS)

        queries, requests = lab.in_turns(
            lambda: repeated(lambda: emulator.run("SELECT 1")),
            lambda: repeated(emulator.datasets),
        )
    query, request = [one.cpu for one in queries], [one.cpu for one in requests]
    return Figures(
        (
            ratio("SELECT 1 / list of datasets, CPU", query, request),
            seconds("SELECT 1, CPU", query),
            seconds("SELECT 1, wall", [one.wall for one in queries]),
            seconds("list of datasets, CPU", request),
        ),
        {"calls": CALLS},
    )
