"""The benchmarks that there are, in the order in which they run."""

from dev.bench import (
    backup,
    commands,
    cost,
    growth,
    learning,
    load,
    peers,
    preview_cost,
    rollback,
    sandbox,
    scale,
    selection,
    startup,
    statement,
    up,
)
from dev.bench.benchmark import REGISTRY, Benchmark

# `up` comes before what needs a deployed system: its last cloud is there to be used.
MODULES = (
    cost,
    growth,
    startup,
    statement,
    up,
    preview_cost,
    commands,
    backup,
    rollback,
    sandbox,
    load,
    peers,
    selection,
    scale,
    learning,
)


def chosen(names: list[str]) -> list[Benchmark]:
    """The benchmarks of these names, or all, as MODULES has them."""
    order = [module.__name__ for module in MODULES]
    wanted = [one for name, one in REGISTRY.items() if not names or name in names]
    return sorted(wanted, key=lambda one: order.index(one.run.__module__))
