"""Locks and runs that somebody held at the moment of the clones, given back on a set of clones.

Whoever held them works on the source, not there. On a clock that stands still a lease never ends:
a run would wait for it without end, or take itself for the second of two and do nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from bqstack import partition_filter
from bqstack.rows.definitions import Definitions

# By table: what is given back, of which rows.
_HELD = {
    "automation_locks": ("holder = NULL, held_until = NULL", "`held_until` IS NOT NULL"),
    "page_locks": ("holder = NULL, held_until = NULL", "`held_until` IS NOT NULL"),
    "etl_job_runs": ("status = 'FAILED'", "`status` = 'RUNNING'"),
}


def released(program: Definitions, tables: Collection[str]) -> Iterator[str]:
    """Statements that give back what is held in these tables, in the program's own dataset."""
    for name, (change, held) in _HELD.items():
        if name in tables and name in program.by_name:
            every_row = partition_filter.every_row(program.by_name[name].values)
            condition = partition_filter.both(f"{partition_filter.ROW}.{held}", every_row)
            yield (
                f"UPDATE `{program.project}`.`{program.dataset}`.`{name}`"
                f" AS {partition_filter.ROW} SET {change} WHERE {condition}"
            )
