"""Tables of other projects and datasets that our SQL reads: declared, never created.

A file of sql/elsewhere/ holds the columns of one, as `CREATE TABLE IF NOT EXISTS` writes them,
so that the analyser knows what stands there. A wildcard table is named with its star and has
`_TABLE_SUFFIX`; a view of a region's INFORMATION_SCHEMA is named with its region.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bqstack import texts
from bqstack.catalogue import columns, scan
from bqstack.catalogue.header import Header
from bqstack.catalogue.sql_objects import ELSEWHERE
from bqstack.errors import UserError
from bqstack.unchecked import JsonObject

FOLDER = ELSEWHERE
_WORDS = "CREATE TABLE IF NOT EXISTS"


@dataclass(frozen=True)
class Elsewhere:
    """A table of another dataset: `name` are the parts of its name, project first."""

    name: tuple[str, ...]
    path: Path
    sql: str
    schema: tuple[JsonObject, ...]
    partition: str | None = None

    @property
    def pseudo_columns(self) -> dict[str, str]:
        """Columns that `SELECT *` leaves out, with their types."""
        found = {"_TABLE_SUFFIX": "STRING"} if "*" in self.name[-1] else {}
        if (self.partition or "").upper() in ("_PARTITIONDATE", "_PARTITIONTIME"):
            found |= {"_PARTITIONDATE": "DATE", "_PARTITIONTIME": "TIMESTAMP"}
        return found


def files(root: Path) -> Iterator[Path]:
    """The files of `root`/sql/elsewhere, in order."""
    yield from (path for path in texts.below(root / "sql" / FOLDER) if path.suffix == ".sql")


def read(sql: str, path: Path, place: tuple[str, str]) -> Elsewhere:
    """What the rendered file declares; `place` is our own dataset. Raises UserError."""
    try:
        statement = scan.scan(sql)
    except scan.ScanError as error:
        raise UserError(str(error), file=path, line=error.line) from None
    if " ".join(statement.words) != _WORDS:
        raise UserError(
            f"a file in sql/{FOLDER}/ starts with {_WORDS}; it is never created",
            file=path,
            line=1,
            value=" ".join(statement.words),
        )
    name = (*statement.qualifier, statement.name)
    # A metadata view of our own dataset is Google's.
    if len(name) < 3 or (name[:2] == place and name[2].upper() != "INFORMATION_SCHEMA"):
        raise UserError(
            "name a table of another dataset with its own project and dataset",
            file=path,
            line=statement.name_line,
            value=".".join(name),
            fix="`project`.`dataset`.name; our own tables are in sql/tables/",
        )
    header = Header(sql, statement.header)
    partition = header.take("PARTITION BY")
    try:
        found = columns.read(sql, header.list or [], (name[0], name[1]))
    except (columns.NoType, columns.Refused) as error:
        raise UserError(str(error), file=path, line=error.line, fix=error.fix) from None
    for clause in header.clauses:
        raise UserError(
            f"{header.text(clause)} is not needed here",
            file=path,
            line=clause.line,
            fix="declare the columns and PARTITION BY only",
        )
    return Elsewhere(
        name, path, sql, tuple(found.schema), _column(partition.rest) if partition else None
    )


def _column(tokens: Any) -> str | None:
    """The column in a partition expression: the first word that no bracket follows."""
    for index, token in enumerate(tokens):
        if token.text.isidentifier() and not scan.is_at(tokens, index + 1, "("):
            return str(token.text)
    return None
