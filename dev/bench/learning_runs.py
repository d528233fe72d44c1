"""Simulates what docs/learning.md needs, a part at a time: `python -m dev.bench.learning_runs`.

What is finished is stored, so a run can be stopped, or given some minutes, and goes on where the
last one ended.
"""

from __future__ import annotations

import argparse
import os
import time
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait

from dev.bench.learning import CONDITIONS, PARTS, SEEDS, Condition, keep, stored

Task = tuple[Condition, int, str]


def main() -> int:
    """Simulate for some minutes; 0 when everything is there, 3 when something is left."""
    parser = argparse.ArgumentParser(prog="python -m dev.bench.learning_runs", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60, help="stop after this time (60)")
    parser.add_argument(
        "--processes", type=int, default=os.cpu_count() or 1, help="seeds at a time (all cores)"
    )
    parser.add_argument(
        "--only", choices=PARTS, action="append", help="these policies only (all of them)"
    )
    arguments = parser.parse_args()
    every = [(c, s, part) for s in SEEDS for c in CONDITIONS for part in arguments.only or PARTS]
    # All conditions of a seed before the next: whenever it is stopped, the tables are even.
    open_tasks = [task for task in every if not stored(*task).exists()]
    left = _work(open_tasks, arguments.processes, time.monotonic() + 60 * arguments.minutes)
    print(f"{len(every) - left} of {len(every)} simulated")
    return 3 if left else 0


def _work(tasks: list[Task], processes: int, end: float) -> int:
    """Tasks that are left when all are done or the time is over."""
    waiting = iter(tasks)
    done = 0
    with ProcessPoolExecutor(processes) as pool:
        running: set[Future[None]] = set()
        while True:
            while len(running) < processes and time.monotonic() < end:
                if (task := next(waiting, None)) is None:
                    break
                running.add(pool.submit(keep, *task))
            if not running:
                return len(tasks) - done
            finished, running = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                future.result()
                done += 1


if __name__ == "__main__":
    raise SystemExit(main())
