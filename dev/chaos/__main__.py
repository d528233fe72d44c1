"""`python -m dev.chaos`: exit code 1 when anything is lost, doubled, stuck or unclear."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from dev.chaos import report, trials
from dev.chaos.operations import OPERATIONS
from dev.chaos.proxy import FAULTS
from dev.chaos.world import deployed


def main() -> int:
    """Run the trials that were asked for."""
    options = _options()
    chosen = [o for o in OPERATIONS if o.name in options.operations.split(",")]
    faults = options.faults.split(",")
    results: list[trials.Result] = []
    calls: dict[str, int] = {}
    end = time.monotonic() + options.minutes * 60 if options.minutes else None
    number = 0
    with tempfile.TemporaryDirectory(prefix="eros-chaos-") as folder, deployed(Path(folder)) as w:
        _say(f"deployed in {folder}")
        for operation in chosen:
            number += 1
            calls[operation.name] = trials.measure(w, operation, number)
            _say(f"{operation.name}: {calls[operation.name]} calls")
        plans = {o.name: list(trials.spread(calls[o.name], faults, options.trials)) for o in chosen}
        # In turns, so that a run that is cut short has seen every operation.
        for index in range(max(map(len, plans.values()))):
            for operation in chosen:
                if index >= len(plans[operation.name]) or (end and time.monotonic() > end):
                    continue
                number += 1
                trial = plans[operation.name][index]
                results.append(trials.attempt(w, operation, trial, number, _say))
                _say(report.line(results[-1]))
                for text in (*results[-1].lost, *results[-1].doubled, *results[-1].stuck):
                    _say(f"    {text}")
    text = report.table(results, calls)
    print(text)
    if options.output:
        options.output.write_text(text, encoding="utf-8")
    return 1 if report.bad(results) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m dev.chaos", description=__doc__)
    parser.add_argument("--operations", default=",".join(o.name for o in OPERATIONS))
    parser.add_argument("--faults", default=",".join(FAULTS))
    parser.add_argument("--trials", type=int, help="of each operation; every call otherwise")
    parser.add_argument("--minutes", type=float, help="begin no trial after this time")
    parser.add_argument("--output", type=Path, help="file for the table")
    return parser.parse_args()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
