"""What the catalogue knows of one SQL object."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from pathlib import Path

from bqstack.unchecked import JsonObject


class Kind(enum.Enum):
    """Kind of an object; the value is its folder below `sql/`."""

    TABLE = "tables"
    EXTERNAL_TABLE = "external_tables"
    LOCAL_TABLE = "local_tables"
    FUNCTION = "functions"
    TABLE_FUNCTION = "table_functions"
    PROCEDURE = "procedures"
    VIEW = "views"
    MATERIALIZED_VIEW = "materialized_views"


ELSEWHERE = "elsewhere"
"""Folder below `sql/` that says what stands in other datasets."""
TABLE_KINDS = frozenset({Kind.TABLE, Kind.EXTERNAL_TABLE, Kind.LOCAL_TABLE})
ROUTINE_KINDS = frozenset({Kind.FUNCTION, Kind.TABLE_FUNCTION, Kind.PROCEDURE})


@dataclass(frozen=True)
class Reference:
    """One mention of another object of the dataset."""

    name: str
    line: int


@dataclass(frozen=True)
class ForeignKey:
    """Columns whose values are keys of another table of the dataset; BigQuery enforces nothing."""

    columns: tuple[str, ...]
    table: str
    referenced: tuple[str, ...]
    line: int
    name: str | None = None


@dataclass(frozen=True)
class SqlObject:
    """One file of `sql/`.

    `sql` is the whole rendered file, ready to be run; `path` is relative to the
    project; `references` are mentions in order of appearance, without the object itself.
    """

    name: str
    kind: Kind
    path: Path
    sql: str
    description: str
    references: tuple[Reference, ...]

    @property
    def depends_on(self) -> tuple[str, ...]:
        """Names of the objects that must exist before this one, each once."""
        return tuple(dict.fromkeys(reference.name for reference in self.references))


@dataclass(frozen=True)
class Table(SqlObject):
    """A table; `schema` is in the form of BigQuery's TableFieldSchema.

    `partitioning` has `type` (HOUR, DAY, MONTH, YEAR) and `field`;
    `partition_expiration_days` is None when partitions never expire.
    """

    schema: tuple[JsonObject, ...] = ()
    partitioning: dict[str, str] | None = None
    partition_expiration_days: float | None = None
    require_partition_filter: bool = False
    clustering: tuple[str, ...] = ()
    primary_key: tuple[str, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()


@dataclass(frozen=True)
class View(SqlObject):
    """A view; `query` is the text after AS."""

    query: str = ""


@dataclass(frozen=True)
class MaterializedView(View):
    """A materialized view with its layout and refresh options."""

    partitioning: dict[str, str] | None = None
    clustering: tuple[str, ...] = ()
    enable_refresh: bool = True
    refresh_interval_minutes: float = 30


@dataclass(frozen=True)
class Argument:
    """An argument of a routine; `type` is BigQuery's StandardSqlDataType.

    `type` is None for ANY TYPE; `mode` is set for procedures only.
    """

    name: str
    type: JsonObject | None
    mode: str | None = None


@dataclass(frozen=True)
class Routine(SqlObject):
    """A function, table function or procedure.

    `body` is what BigQuery's `definitionBody` holds: a function's expression without its
    parentheses, a table function's query, or a procedure's BEGIN ... END. `returns` is the
    StandardSqlDataType of a function, `returns_table` the StandardSqlTableType of a table
    function, None where the file leaves it to BigQuery.
    """

    arguments: tuple[Argument, ...] = ()
    returns: JsonObject | None = None
    returns_table: JsonObject | None = None
    body: str = field(default="", repr=False)

    @property
    def is_template(self) -> bool:
        """Whether each call has a result of its own, since an argument is of ANY TYPE."""
        return self.returns is None and any(one.type is None for one in self.arguments)
