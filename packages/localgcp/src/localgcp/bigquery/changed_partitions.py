"""Which partitions of a table a mutating statement is about to change."""

from __future__ import annotations

import logging
from typing import Any

import duckdb
from local_bigquery.catalog import metadata, tables
from local_bigquery.errors import BigQueryError
from local_bigquery.models import Table
from local_bigquery.sql.dialect import BigQueryDialect
from local_bigquery.sql.translate import translate
from sqlglot import exp, parse_one

log = logging.getLogger(__name__)

# None stands for all of the table.
Partitions = frozenset[str] | None


def overlap(one: Partitions, other: Partitions) -> bool:
    """Whether two statements change a partition in common."""
    if one is None or other is None:
        return one != frozenset() and other != frozenset()
    return bool(one & other)


def changed(cur: Any, tree: exp.Expression, context: Any, name: tuple[str, ...]) -> Partitions:
    """The partitions of the rows that match the statement's conditions now."""
    stored = metadata.load(Table, *name)
    rows = _rows(tree)
    partition = _partition(stored, name, _alias(tree)) if stored and rows else None
    if partition is None:
        return None
    sql = f"SELECT DISTINCT CAST({partition} AS STRING) AS partition_of_row FROM {rows}"
    try:
        translated, bound = translate(parse_one(sql, dialect=BigQueryDialect), context)
        found = cur.execute(translated, bound).fetchall()
    except (duckdb.Error, BigQueryError) as error:
        # The statement itself will say what is wrong with it.
        log.info("the partitions that a statement changes are not known: %s", error)
        return None
    return frozenset(str(value) for (value,) in found)


def _alias(tree: exp.Expression) -> str:
    return tree.this.alias_or_name


def _rows(tree: exp.Expression) -> str | None:
    """FROM clause of the rows that change; None where all may, or nobody knows."""
    if isinstance(tree, exp.Merge):
        whens = tree.args["whens"].expressions
        if any(when.args.get("source") for when in whens):
            return None
        if not any(when.args.get("matched") for when in whens):
            return f"{_sql(tree.this)} WHERE FALSE"
        return f"{_sql(tree.this)} JOIN {_sql(tree.args['using'])} ON {_sql(tree.args['on'])}"
    where = tree.args.get("where")
    if where is None or not isinstance(tree, exp.Update | exp.Delete):
        return None
    sources = [_sql(tree.this)]
    source = tree.args.get("from_") or tree.args.get("from")
    if source is not None:
        sources.append(_sql(source.this))
    return f"{' CROSS JOIN '.join(sources)} WHERE {_sql(where.this)}"


def _partition(stored: Table, name: tuple[str, ...], alias: str) -> str | None:
    """SQL for the partition of a row; None for a table without, or by time of ingestion."""
    time, ranges = stored.timePartitioning, stored.rangePartitioning
    if ranges is not None and ranges.range is not None:
        column = f"`{alias}`.`{ranges.field}`"
        return f"FLOOR(({column} - {ranges.range.start}) / {ranges.range.interval})"
    if time is None or not time.field:
        return None
    kinds = {field.name.casefold(): field.type for field in tables.columns(*name)}
    kind = kinds.get(time.field.casefold())
    if kind not in ("DATE", "TIMESTAMP", "DATETIME"):
        return None
    return f"{kind}_TRUNC(`{alias}`.`{time.field}`, {time.type or 'DAY'})"


def _sql(node: exp.Expression) -> str:
    return node.sql(dialect=BigQueryDialect)
