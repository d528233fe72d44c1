"""The whole check of a stack's SQL: recalled when nothing has changed, else made."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path

from bqstack.analysis import recall
from bqstack.analysis.beside import Beside
from bqstack.analysis.findings import Report
from bqstack.target import Target

NOTHING_BESIDE = Beside()


def validate(
    target: Target,
    root: Path,
    only: Iterable[Path] = (),
    on_compile: Callable[[], None] | None = None,
    fresh: bool = False,
    beside: Beside = NOTHING_BESIDE,
) -> Report:
    """Check all SQL of one stack: `root`/sql, and what the files `beside` it hold.

    `only` are files or folders, relative to `root`: findings elsewhere are left out and
    what they do not need is not analysed. `on_compile` is called when this machine must
    first compile the analyser. `fresh` analyses what has not changed, too. The catalogue
    of the report is None when a file of it cannot be read.
    """
    started = time.perf_counter()
    only = tuple(only)
    key = None if only or fresh else recall.key(target, root, beside)
    report = None if key is None else recall.get(key)
    if report is not None:
        for scripts in beside.scripts:
            # What they hold is known to be right; the program wants it all the same.
            if (root / scripts.file).is_file():
                scripts.statements()
    else:
        report = checked(target, root, only, on_compile, fresh, beside)
        if key is not None:
            recall.put(key, report)
    report.seconds = time.perf_counter() - started
    return report


def checked(
    target: Target,
    root: Path,
    only: tuple[Path, ...],
    on_compile: Callable[[], None] | None,
    fresh: bool,
    beside: Beside,
) -> Report:
    """The report of a check that is made, not recalled; raises UserError."""
    # It loads the parser and the templates.
    from bqstack.analysis.check import Check

    check = Check(target, root, only, on_compile, fresh, beside)
    check.run()
    report = check.report
    report.findings = sorted(f for f in set(report.findings) if check.wanted(f.file))
    report.notes = sorted(n for n in set(report.notes) if check.wanted(n.file))
    return report
