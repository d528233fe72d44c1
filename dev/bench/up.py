"""`make up`: from nothing, and once more when nothing has changed."""

from __future__ import annotations

from dev.bench.benchmark import Figures, benchmark, ratio, seconds
from dev.bench.lab import Lab, run


@benchmark("up", "make up from an empty data folder, and again with nothing to do")
def up(lab: Lab) -> Figures:
    """The toolchain and Python's caches are there; cloud, stack, sample and runs are not."""
    cold, warm = [], []
    for number in range(lab.repeat):
        cloud, took = lab.deploy()
        cold.append(took.wall)
        warm.append(run(["make", "up"], environment=cloud.environment).wall)
        lab.say(f"round {number + 1} of {lab.repeat}")
    return Figures(
        (ratio("cold / warm", cold, warm), seconds("cold", cold), seconds("warm", warm)),
        {"sample": "small"},
    )
