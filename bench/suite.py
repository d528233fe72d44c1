"""The benchmarks that there are, in the order in which they run."""

from bench import engine, startup, up
from bench.figures import REGISTRY, Benchmark

MODULES = (startup, up, engine)


def chosen(names: list[str]) -> list[Benchmark]:
    """The benchmarks of these names, or all; KeyError with the first unknown name."""
    return [REGISTRY[name] for name in names or REGISTRY]
