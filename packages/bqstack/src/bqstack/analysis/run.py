"""The whole check of a stack's SQL: recalled when nothing has changed, else made."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path

from bqstack.analysis import recall
from bqstack.analysis.findings import Report
from eros.project import schedules
from eros.project.settings import PROJECT_ROOT, Settings


def validate(
    settings: Settings,
    root: Path = PROJECT_ROOT,
    only: Iterable[Path] = (),
    on_compile: Callable[[], None] | None = None,
    fresh: bool = False,
) -> Report:
    """Check all SQL below `root` for one stack.

    `only` are files or folders, relative to `root`: findings elsewhere are left out and
    what they do not need is not analysed. `on_compile` is called when this machine must
    first compile the analyser. `fresh` analyses what has not changed, too. The catalogue
    of the report is None when a file of it cannot be read.
    """
    started = time.perf_counter()
    only = tuple(only)
    key = None if only or fresh else recall.key(settings, root)
    report = None if key is None else recall.get(key)
    if report is not None:
        report.schedules = schedules.transfer_configs(settings, root)
    else:
        report = _made(settings, root, only, on_compile, fresh)
        if key is not None:
            recall.put(key, report)
    report.seconds = time.perf_counter() - started
    return report


def _made(
    settings: Settings,
    root: Path,
    only: tuple[Path, ...],
    on_compile: Callable[[], None] | None,
    fresh: bool,
) -> Report:
    # It loads the parser and the templates.
    from bqstack.analysis.check import Check

    check = Check(settings, root, only, on_compile, fresh)
    check.run()
    report = check.report
    report.findings = sorted(f for f in set(report.findings) if check.wanted(f.file))
    report.notes = sorted(n for n in set(report.notes) if check.wanted(n.file))
    return report
