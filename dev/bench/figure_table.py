"""Figures for people, as a table, and for programs, as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from dev.bench.benchmark import Benchmark, Figure, Figures

RESULTS = Path(__file__).resolve().parent / "results"
_FORMATS = {
    "s": "{:.2f} s",
    "x": "{:.2f} x",
    "1": "{:.2f}",
    "GiB": "{:.2f} GiB",
    "USD": "{:.2f} USD",
}

# A benchmark, its figures, and the machine's load before and after.
Result = tuple[Benchmark, Figures, tuple[float, float]]


def show(console: Console, result: Result) -> None:
    """One table for one benchmark."""
    benchmark, found, (before, after) = result
    sizes = "".join(f", {key} {value}" for key, value in found.conditions.items())
    table = Table(
        title=f"{benchmark.name}: {benchmark.title}",
        caption=f"load {before} before, {after} after{sizes}",
        title_justify="left",
        caption_justify="left",
    )
    table.add_column("figure")
    for heading in ("median", "least", "most", "n"):
        table.add_column(heading, justify="right")
    for figure in found.figures:
        values = (figure.value, min(figure.samples), max(figure.samples))
        texts = (_text(figure, value) for value in values)
        table.add_row(figure.name, *texts, str(len(figure.samples)))
    console.print(table)


def write(machine: dict[str, Any], results: list[Result]) -> Path:
    """Write everything, samples included, into a new file of dev/bench/results/."""
    content: dict[str, Any] = {
        "conditions": machine,
        "benchmarks": {
            benchmark.name: {
                "title": benchmark.title,
                "conditions": {
                    **dict(found.conditions),
                    "load_before": before,
                    "load_after": after,
                },
                "figures": [
                    {
                        "name": figure.name,
                        "unit": figure.unit,
                        "median": figure.value,
                        "samples": figure.samples,
                    }
                    for figure in found.figures
                ],
            }
            for benchmark, found, (before, after) in results
        },
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{machine['time'].replace(':', '')}.json"
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return path


def _text(figure: Figure, value: float) -> str:
    return _FORMATS[figure.unit].format(value)
