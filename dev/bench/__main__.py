"""Command line of the benchmarks: `python -m dev.bench [NAME...] --repeat N`."""

from __future__ import annotations

import argparse
import sys

from rich.console import Console

from dev.bench import figure_table, machine_facts, suite
from dev.bench.benchmark import REGISTRY
from dev.bench.lab import BenchmarkError, Lab
from eros.project.settings import PROJECT_ROOT


def _arguments() -> argparse.Namespace:
    listed = "\n".join(f"  {one.name:<10} {one.title}" for one in REGISTRY.values())
    parser = argparse.ArgumentParser(
        prog="python -m dev.bench",
        description="Time this repository on a local cloud of its own.",
        epilog=f"benchmarks:\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", nargs="*", help="benchmarks to run; all without it")
    parser.add_argument("--repeat", type=int, default=5, help="samples of each figure (5)")
    arguments = parser.parse_args()
    if arguments.repeat < 1:
        parser.error("--repeat must be at least 1")
    unknown = [name for name in arguments.name if name not in REGISTRY]
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]!r}, but: {', '.join(REGISTRY)}")
    return arguments


def main() -> int:
    """Run the benchmarks, show each table when it is ready, write one file of results."""
    arguments = _arguments()
    console = Console()
    machine = machine_facts.machine()
    console.print(", ".join(f"{key} {value}" for key, value in machine.items()), highlight=False)
    results: list[figure_table.Result] = []
    try:
        with Lab(arguments.repeat, lambda line: console.print(f"[dim]{line}[/]")) as lab:
            for benchmark in suite.chosen(arguments.name):
                console.rule(benchmark.name, align="left")
                before = machine_facts.load()
                result = (benchmark, benchmark.run(lab), (before, machine_facts.load()))
                results.append(result)
                figure_table.show(console, result)
    except BenchmarkError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    path = figure_table.write(machine, results)
    console.print(f"written: {path.relative_to(PROJECT_ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
