"""What a run of each schedule reads after one, three and ten years of messages, by the cost model.

Nothing runs, as in dev/bench/cost.py. What grows without an end are messages, archived assignments
and recommendations; a procedure that reads one of them without a bound for its partitions grows
with it.
"""

from __future__ import annotations

from collections.abc import Mapping

from bqstack.plan import costs
from bqstack.plan.lineage_graph import Graph
from dev.bench import cost
from dev.bench.benchmark import Figure, Figures, benchmark
from dev.bench.lab import Lab
from eros.project import schedules
from eros.project.settings import BUILDER_CALLS, PROJECT_ROOT, Settings
from eros.project.stack_file import load_stack_file

YEARS = (1, 3, 10)
_MIB = 2**20


def procedures(graph: Graph, settings: Settings) -> list[str]:
    """What schedules call, what the schedule builder calls, and the recount."""
    entries = schedules.load()
    called = {
        cost.procedure(entries[config.schedule_name].call, graph)
        for config in schedules.transfer_configs(settings, PROJECT_ROOT)
    }
    return [*sorted(called), *BUILDER_CALLS, "recount_caption_performance"]


def read(graph: Graph, size: cost.Size, settings: Settings) -> dict[str, dict[int, float]]:
    """Bytes that a call bills, by procedure and years of messages."""
    held = {years: cost.volumes(size, years) for years in YEARS}
    return {
        name: {years: costs.bytes_of_call(name, graph, held[years]) for years in YEARS}
        for name in procedures(graph, settings)
    }


def table(found: Mapping[str, Mapping[int, float]]) -> str:
    """Mebibytes as a table of Markdown, dearest first."""
    lines = [
        f"| MiB a run | {' | '.join(f'{years} y' for years in YEARS)} |",
        f"| --- |{' ---: |' * len(YEARS)}",
    ]
    for name in sorted(found, key=lambda name: -found[name][YEARS[0]]):
        lines.append(f"| `{name}` | {' | '.join(f'{found[name][y] / _MIB:,.1f}' for y in YEARS)} |")
    return "\n".join(lines)


@benchmark("growth", "bytes that a run reads after 1, 3 and 10 years of messages, by the model")
def growth(lab: Lab) -> Figures:
    """No sample is taken: the model has no chance in it."""
    settings = load_stack_file("local")
    size = cost.SIZES[-1]
    found = read(cost.graph_of(settings), size, settings)
    lab.say(table(found))
    figures = [
        Figure(f"{name}, {YEARS[-1]} years / {YEARS[0]}", "x", (read[YEARS[-1]] / read[YEARS[0]],))
        for name, read in found.items()
        if read[YEARS[0]]
    ]
    return Figures(tuple(figures), {"system": size.name})
