"""Sandboxes: how long making, comparing and destroying one takes; what its clones cost a month."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from bqstack.plan import costs
from bqstack.rows.side_dataset import sql_type
from dev.bench.benchmark import Figure, Figures, benchmark, seconds
from dev.bench.cost import SIZES, Size, volumes
from dev.bench.lab import Lab, run
from eros.project.project import Project
from eros.project.resource_names import ResourceNames
from eros.project.settings import PROJECT_ROOT
from eros.project.stack_file import load_stack_file
from eros.sandbox import sandbox_file

_NAME = "bench"
_CHANGED = 0.05
_GIB = 2**30
_EROS = [sys.executable, "-m", "eros.cli.app"]


def held_bytes(size: Size) -> dict[str, float]:
    """Logical bytes of each table of the cost model that a sandbox clones."""
    tables = {one.name: one for one in Project.load("local").sql.tables}
    found: dict[str, float] = {}
    for name, volume in volumes(size).items():
        if name not in tables or name == "job_history":
            continue
        width = sum(
            volume.widths.get(field["name"], costs.width(sql_type(field)))
            for field in tables[name].schema
        )
        found[name] = volume.rows * width
    return found


def copied_bytes(folder: Path, dataset: str) -> int:
    """Bytes of rows that a dataset's tables have to themselves, its job history left out."""
    files = (folder / "bigquery" / load_stack_file("local").project / dataset).rglob("*.parquet")
    own = (file.stat() for file in files if file.parent.name != "job_history")
    return sum(one.st_size for one in own if one.st_nlink == 1)


def monthly(size: Size, share: float) -> float:
    """US dollars a month of clones in which this share of the bytes is no longer the source's."""
    price = load_stack_file("local").prices.storage_usd_per_gib_month
    return sum(held_bytes(size).values()) * share / _GIB * price


@benchmark("sandbox", "a sandbox of the medium sample: create, diff, destroy; its clones a month")
def sandbox(lab: Lab) -> Figures:
    """Figures of the local cloud and of the cost model."""
    cloud = lab.cloud()
    own = cloud.environment
    run([*_EROS, "sample", "--size", "medium", "--replace"], environment=own)
    created, copied, compared, destroyed = [], [], [], []
    if sandbox_file.path(_NAME, PROJECT_ROOT).exists():
        raise ValueError(f"there is a sandbox {_NAME} in this clone: destroy it first")
    for number in range(lab.repeat):
        created.append(run([*_EROS, "sandbox", "create", _NAME], environment=own).wall)
        dataset = ResourceNames(_NAME).dataset(load_stack_file("local").dataset)
        copied.append(copied_bytes(cloud.folder, dataset) / _GIB)
        compared.append(run([*_EROS, "sandbox", "diff", "-s", _NAME], environment=own).wall)
        destroyed.append(run([*_EROS, "sandbox", "destroy", _NAME, "--yes"], environment=own).wall)
        lab.say(f"round {number + 1} of {lab.repeat}")
    return Figures(
        (
            seconds("create from the medium sample", created),
            Figure("rows copied by the clones", "GiB", tuple(copied)),
            seconds("diff of all tables and views", compared),
            seconds("destroy", destroyed),
            *modelled(),
        ),
        {"sample": "medium"},
    )


def modelled() -> tuple[Figure, ...]:
    """What clones cost in 30 days, by size of the system."""
    return tuple(
        Figure(f"clones of {size.name}, {_CHANGED:.0%} changed", "USD", (monthly(size, _CHANGED),))
        for size in SIZES
    )


if __name__ == "__main__":
    for each in SIZES:
        held = held_bytes(each)
        print(json.dumps({name: round(size / _GIB, 2) for name, size in held.items()}))
        print(each.name, round(sum(held.values()) / _GIB, 1), "GiB;", end=" ")
        print(f"5%: ${monthly(each, 0.05):.2f}, all: ${monthly(each, 1):.2f} a month")
