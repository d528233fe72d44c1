"""Values that a shell offers: stacks, schedules, objects, queries, rules, backups.

A name that cannot be looked up is not offered: completion never shows an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import typer

from eros.cli.failed import reason
from eros.project.settings import PROJECT_ROOT
from eros.project.stack_file import load_stack_file


def _offered(names: Callable[[typer.Context], Iterable[str]]) -> Callable[..., list[str]]:
    """What typer asks: the names that begin with what is typed already."""

    def offer(context: typer.Context, incomplete: str) -> list[str]:
        try:
            return [name for name in names(context) if name.startswith(incomplete)]
        except Exception as error:
            if isinstance(error, OSError) or reason(error) is not None:
                return []
            raise

    return offer


def _stacks(_: typer.Context) -> list[str]:
    return sorted(path.name.split(".")[1] for path in PROJECT_ROOT.glob("Pulumi.*.yaml"))


def _sandboxes(_: typer.Context) -> list[str]:
    from eros.sandbox import sandbox_file

    return sandbox_file.names(PROJECT_ROOT)


def _runnable(_: typer.Context) -> list[str]:
    from eros.project import schedules

    folder = PROJECT_ROOT / "sql" / "procedures"
    return sorted({*schedules.load(), *(path.stem for path in folder.glob("*.sql"))})


def _objects(_: typer.Context) -> list[str]:
    return sorted(path.stem for path in (PROJECT_ROOT / "sql").glob("*/*.sql"))


def _schedules(_: typer.Context) -> Iterable[str]:
    from eros.project import schedules

    return schedules.load()


def _queries(_: typer.Context) -> list[str]:
    from eros.watch import monitor

    return [*(query.name for query in monitor.QUERIES), monitor.PARTITIONS, monitor.REPORT]


def _rules(_: typer.Context) -> list[str]:
    from eros.project.project import Project

    return [rule.id for rule in Project.load("local").alerts.rules]


def _backups(context: typer.Context) -> list[str]:
    from eros.cloud.google import Google
    from eros.operations import backup

    stack = str(context.params.get("stack") or "local")
    return [found.id for found in backup.listing(Google(load_stack_file(stack)))]


stacks, objects, schedules = map(_offered, (_stacks, _objects, _schedules))
sandboxes, runnable = map(_offered, (_sandboxes, _runnable))
queries, rules, backups = map(_offered, (_queries, _rules, _backups))
