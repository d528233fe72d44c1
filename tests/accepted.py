"""What the loader takes of a table's columns, partitions and clusters: asked, not listed.

The matrix of `tests.matrix` is made from it, so that a kind of table which the loader begins to
take is tried through a whole life, or has no values there and fails.
"""

from __future__ import annotations

import functools
import itertools
import tempfile
from pathlib import Path

from bqstack.catalogue import data_types, load
from bqstack.errors import UserError
from bqstack.target import Stack
from packages.bqstack.tests.sql_folder import SqlFolder

MODES = ("NULLABLE", "NOT NULL", "ARRAY", "DEFAULT")
_TARGET = Stack("project", "dataset", environment="local", adopts_external_tables=False)
_FUNCTIONS = ("", "DATE", "TIMESTAMP", "DATETIME", "EXTRACT", "RANGE_BUCKET")
_TRUNCATIONS = ("DATE_TRUNC", "DATETIME_TRUNC", "TIME_TRUNC", "TIMESTAMP_TRUNC")
_UNITS = ("MINUTE", "HOUR", "DAY", "WEEK", "ISOWEEK", "MONTH", "QUARTER", "YEAR", "ISOYEAR")


def takes(columns: str, clauses: str = "") -> bool:
    """Whether sql/tables may hold a table of these columns."""
    with tempfile.TemporaryDirectory() as name:
        folder = SqlFolder(Path(name))
        folder.write("tables/t.sql", f"CREATE TABLE IF NOT EXISTS @t ({columns})\n{clauses};")
        try:
            load(_TARGET, folder.root)
        except UserError:
            return False
    return True


def column(kind: str, mode: str, default: str = "NULL") -> str:
    """What stands behind a column's name."""
    written = {
        "ARRAY": f"ARRAY<{kind}>",
        "NOT NULL": f"{kind} NOT NULL",
        "DEFAULT": f"{kind} DEFAULT {default}",
    }
    return written.get(mode, kind)


@functools.cache
def kinds() -> frozenset[str]:
    """Every type of a column: each scalar alone, with parameters, and as the bounds of a RANGE."""
    scalars = data_types.SCALARS
    asked = itertools.chain(
        scalars,
        (f"{name}({held})" for name in scalars for held in ("5", "5, 2")),
        (f"RANGE<{name}>" for name in scalars),
        ("STRUCT<n INT64>",),
    )
    return frozenset(kind for kind in asked if takes(f"c {kind}"))


@functools.cache
def can_cluster(kind: str, mode: str) -> bool:
    """Whether rows may be clustered by a column of this type and mode."""
    return takes(f"c {column(kind, mode)}", "CLUSTER BY c")


@functools.cache
def partitions() -> frozenset[tuple[str, str, str]]:
    """Type and mode of each column `p` that a table may be partitioned by, and the clause."""
    clauses = [
        *(f"{name}(p)" if name else "p" for name in _FUNCTIONS),
        *(f"{name}(p, {unit})" for name in _TRUNCATIONS for unit in _UNITS),
        *("RANGE_BUCKET(p, GENERATE_ARRAY(0, 100, 10))", "_PARTITIONDATE"),
    ]
    return frozenset(
        (kind, mode, f"PARTITION BY {clause}")
        for kind, clause in itertools.product(kinds(), clauses)
        if takes(f"p {kind}", f"PARTITION BY {clause}")
        for mode in MODES
        if takes(f"p {column(kind, mode)}", f"PARTITION BY {clause}")
    )
