"""The rows of tables that `tests.matrix` makes, in the local cloud of an engine test."""

from __future__ import annotations

from tests.engine.conftest import DATASET, PROJECT, Program
from tests.matrix import Made

NAMES = f"`{PROJECT}`.`{DATASET}`"


def rows(program: Program, tables: list[Made]) -> list[tuple[str, str]]:
    """Every row of every table as a text."""
    dump = "\nUNION ALL\n".join(table.dump(NAMES) for table in tables)
    return sorted((row.name, row.line) for row in program.cloud.bigquery.query_and_wait(dump))


def spoil(program: Program, tables: list[Made]) -> None:
    statements = (table.spoil(NAMES, whole=bool(n % 2)) for n, table in enumerate(tables))
    program.cloud.bigquery.query_and_wait("\n".join(statements))
