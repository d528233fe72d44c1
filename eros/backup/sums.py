"""Row counts and order-independent checksums of tables, in one query.

A value is turned to text, hashed by MD5, and the first 60 bits of the hashes are added up: a
sum does not ask for an order and, unlike XOR, sees a row that is there twice. NUMERIC holds
the sum of 10^10 rows. The checksum of rows hashes the hashes of a row's columns
(docs/decisions/012-backups.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from eros.backup import jobs, selection
from eros.backup.jobs import literal, quoted
from eros.backup.model import Sums
from eros.google import Google

# TO_JSON_STRING rounds these where a JSON number is a double.
_DECIMALS = frozenset({"NUMERIC", "BIGNUMERIC"})

Schema = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Relation:
    """Rows to sum up: a quoted table, the columns to look at, its size, and a filter in SQL."""

    table: str
    schema: Schema
    size: int = 0
    where: str | None = None


def checksums(
    google: Google, tables: Iterable[str] | None = None, *, at: datetime | None = None
) -> dict[str, Sums]:
    """Sums of live tables, now or `at` a moment within time travel, all of the same moment.

    Columns are those of the table today. Raises UserError for a table that is not there.
    """
    live = selection.live(google, selection.chosen(google, tables))
    settings = google.settings
    return add_up(
        google,
        {
            name: Relation(
                quoted(settings.project, settings.dataset, name),
                [field.to_api_repr() for field in table.schema],
                table.num_bytes or 0,
            )
            for name, table in live.items()
        },
        at=at,
    )


def add_up(
    google: Google, relations: Mapping[str, Relation], *, at: datetime | None = None
) -> dict[str, Sums]:
    """Sums of each relation, by its key."""
    if not relations:
        return {}
    found: dict[str, dict[int, tuple[int, str]]] = {name: {} for name in relations}
    sizes = [relation.size for relation in relations.values()]
    for row in jobs.rows(google, query(relations, at=at), sizes):
        found[row.table_name][row.part] = (row.row_count, row.checksum)
    return {name: _sums(relations[name].schema, parts) for name, parts in found.items()}


def query(relations: Mapping[str, Relation], *, at: datetime | None = None) -> str:
    """SQL for the sums: a row per relation and column, and one for its rows as a whole.

    Each row of a table becomes an array of texts, with all of them joined as its last. JSON
    and numbers have no line break of their own, so joined texts are as different as their parts.
    """
    moment = f" FOR SYSTEM_TIME AS OF {literal(at)}" if at else ""
    selects = "\nUNION ALL\n".join(
        f"SELECT '{name}' AS table_name, [{', '.join(map(text, relation.schema))}] AS texts\n"
        f"FROM {relation.table}{moment}"
        f"{f' WHERE {relation.where}' if relation.where else ''}"
        for name, relation in relations.items()
    )
    return (
        "SELECT table_name, part, COUNT(*) AS row_count, CAST(SUM(CAST(CAST(CONCAT("
        "'0x', SUBSTR(TO_HEX(MD5(value)), 1, 15)) AS INT64) AS NUMERIC)) AS STRING) AS checksum\n"
        f"FROM (\n{selects}\n),\n"
        "UNNEST(ARRAY_CONCAT(texts, [ARRAY_TO_STRING(texts, '\\n')])) AS value\n"
        "WITH OFFSET AS part\nGROUP BY table_name, part"
    )


def text(field: Mapping[str, Any]) -> str:
    """SQL that turns a column to text: NULL to nothing, which no value is turned to."""
    column = quoted(field["name"])
    if field.get("mode") == "REPEATED":
        # BigQuery keeps no NULL array.
        return f"TO_JSON_STRING(IFNULL({column}, []))"
    if field["type"] in _DECIMALS:
        return f"IFNULL(CAST({column} AS STRING), '')"
    # TO_JSON_STRING alone writes null for NULL and for JSON's own null.
    return f"IF({column} IS NULL, '', TO_JSON_STRING({column}))"


def _sums(schema: Schema, parts: Mapping[int, tuple[int, str]]) -> Sums:
    """`parts` has what each column comes to, and the whole row last; nothing without rows."""
    rows = max((count for count, _ in parts.values()), default=0)
    # The text of a whole NUMERIC may have decimals: 12, or 12.000000000.
    totals = {part: str(int(Decimal(total))) for part, (_, total) in parts.items()}
    columns = {field["name"]: totals.get(n, "0") for n, field in enumerate(schema)}
    return Sums(rows, columns, totals.get(len(schema), "0"))
