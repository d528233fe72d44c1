"""`python -m dev.chaos`: exit code 1 when anything is lost, doubled, stuck or unclear."""

from __future__ import annotations

import argparse
import itertools
import math
import sys
import tempfile
import time
from pathlib import Path

from dev.chaos import chaos_table, trials
from dev.chaos.operations import OPERATIONS, Operation
from dev.chaos.proxy import FAULTS
from dev.chaos.rig import World, deployed


def main() -> int:
    """Run the trials that were asked for."""
    options = _options()
    known = {operation.name: operation for operation in OPERATIONS}
    chosen = [known[name] for name in options.operations.split(",")]
    faults = options.faults.split(",")
    results: list[trials.Result] = []
    calls: dict[str, int] = {}
    plans: dict[str, list[trials.Trial]] = {}
    failed: list[str] = []
    end = time.monotonic() + options.minutes * 60 if options.minutes else math.inf
    numbers = itertools.count(1)

    def attempt(world: World, operation: Operation, trial: trials.Trial) -> None:
        results.append(trials.attempt(world, operation, trial, next(numbers), _say))
        _say(chaos_table.line(results[-1]))
        for text in (*results[-1].lost, *results[-1].doubled, *results[-1].stuck):
            _say(f"    {text}")

    with tempfile.TemporaryDirectory(prefix="eros-chaos-") as folder, deployed(Path(folder)) as w:
        _say(f"deployed in {folder}")
        # In turns, so that a run that is cut short has seen every operation.
        for index in itertools.count():
            left = [o for o in chosen if not index or index < len(plans.get(o.name, ()))]
            if not left or time.monotonic() > end:
                break
            for operation in left:
                if time.monotonic() > end:
                    break
                if not index:
                    try:
                        calls[operation.name] = trials.measure(w, operation, next(numbers))
                    except RuntimeError as error:
                        failed.append(f"{operation.name}: {error}")
                        _say(failed[-1])
                        continue
                    _say(f"{operation.name}: {calls[operation.name]} calls")
                    spread = trials.spread(calls[operation.name], faults, options.trials)
                    plans[operation.name] = list(spread)
                attempt(w, operation, plans[operation.name][index])
    text = chaos_table.table(results, calls)
    print(text)
    if options.output:
        options.output.write_text(text, encoding="utf-8")
    return 1 if failed or chaos_table.bad(results) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m dev.chaos", description=__doc__)
    parser.add_argument("--operations", default=",".join(o.name for o in OPERATIONS))
    parser.add_argument("--faults", default=",".join(FAULTS))
    parser.add_argument("--trials", type=int, help="of each operation; every call otherwise")
    parser.add_argument("--minutes", type=float, help="begin no trial after this time")
    parser.add_argument("--output", type=Path, help="file for the table")
    options = parser.parse_args()
    for given, known in (
        (options.operations, [o.name for o in OPERATIONS]),
        (options.faults, FAULTS),
    ):
        if unknown := sorted(set(given.split(",")) - set(known)):
            parser.error(f"unknown: {', '.join(unknown)}; known: {', '.join(known)}")
    return options


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
