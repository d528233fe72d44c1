"""Partitioned tables: who has to name the partition, and what DDL says of them.

local-bigquery 0.4.0 takes any mention of the column in any WHERE for a filter, asks nothing of
UPDATE, DELETE and MERGE, knows no integer ranges, reads no `partition_expiration_days`, and begins
every ingestion time at midnight.
https://cloud.google.com/bigquery/docs/managing-partitioned-tables#require-filter
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from local_bigquery.catalog import ddl, metadata, names, tables
from local_bigquery.catalog.options import DAY_MS, Evaluate
from local_bigquery.errors import BigQueryError
from local_bigquery.jobs import merge
from local_bigquery.models import Table
from local_bigquery.sql import rules
from local_bigquery.sql.rules import partitions
from local_bigquery.sql.rules import tables as table_rules
from sqlglot import exp

from localgcp.bigquery.clones import WHOLE

_PSEUDO = frozenset({"_partitiontime", "_partitiondate"})
_OPTION, _FILTER = "partition_expiration_days", "require_partition_filter"
_check, _table, _alteration = table_rules._check, ddl._table, ddl._alteration
_ingestion_time = partitions.ingestion_time


def install() -> None:
    """Put Google's rules in place of local-bigquery's."""
    table_rules._check = check
    ddl._table, ddl._alteration = table, alteration
    position = rules.STATEMENT_RULES.index(_ingestion_time)
    rules.STATEMENT_RULES[position] = ingestion_time
    rules.STATEMENT_RULES.insert(0, partitioned)


def check(tree: exp.Expression, node: exp.Table, is_target: bool) -> None:
    """Refuse a statement over a whole table that asks for a partition filter."""
    stored = None
    if not node.args.get("when") and not (is_target and isinstance(tree, exp.Create)):
        stored = metadata.load(Table, node.catalog, node.db, node.name)
    if stored is None or not stored.requirePartitionFilter:
        return _check(tree, node, is_target)
    # A copy takes all of it; TRUNCATE and INSERT read nothing of their target.
    reads = isinstance(tree, exp.Update | exp.Delete | exp.Merge) if is_target else True
    if reads and not tree.meta.get(WHOLE) and not _acts_on_pairs(tree):
        columns = _columns(stored)
        listed = tables.columns(node.catalog, node.db, node.name)
        fields = {(field.name or "").casefold() for field in listed}
        sources = _sources(tree)
        if not any(_is_filter(one, columns, fields, sources) for one in _conjuncts(tree)):
            path = ".".join((node.catalog, node.db, node.name))
            shown = ", ".join(f"'{column}'" for column in columns)
            raise BigQueryError(
                "invalidQuery",
                f"Cannot query over table '{path}' without a filter over column(s) {shown} that"
                " can be used for partition elimination",
            )
    if is_target:
        return _check(tree, node, is_target)
    # What remains to be looked at there does not ask for the filter again.
    time = stored.timePartitioning
    known = (time and time.field) or "_PARTITIONTIME"
    with_filter = exp.Select().where(exp.column(known, quoted=True))
    return _check(with_filter, node, is_target)


def _acts_on_pairs(tree: exp.Expression) -> bool:
    """Whether this is what a MERGE does once it has paired rows, which is where its filter counts.

    local-bigquery runs a MERGE as several statements over temporary tables of these names.
    """
    read = tree.expression if isinstance(tree, exp.Create) else tree
    found = read.find_all(exp.Table) if read is not None else ()
    return any(one.name in (merge.PAIRS, merge.ORPHANS) and not one.db for one in found)


def _columns(table: Table) -> list[str]:
    if table.timePartitioning and table.timePartitioning.field:
        return [table.timePartitioning.field]
    if table.rangePartitioning and table.rangePartitioning.field:
        return [table.rangePartitioning.field]
    return ["_PARTITIONTIME", "_PARTITIONDATE"]


def _conjuncts(tree: exp.Expression) -> Iterator[exp.Expr]:
    """What has to hold for a row to count, wherever in the statement: views filter for readers."""
    conditions = [where.this for where in tree.find_all(exp.Where)]
    conditions += [on for join in tree.find_all(exp.Join) if (on := join.args.get("on"))]
    conditions += [merge.args["on"] for merge in tree.find_all(exp.Merge)]
    for condition in conditions:
        yield from _parts(condition)


def _parts(condition: exp.Expr) -> Iterator[exp.Expr]:
    node = condition.unnest()
    if isinstance(node, exp.And):
        yield from _parts(node.left)
        yield from _parts(node.right)
    else:
        yield node


def _is_filter(
    condition: exp.Expr, columns: list[str], fields: set[str], sources: set[str]
) -> bool:
    """Whether a condition names the partition column and no other.

    A bare name that is no field of the table is a variable, or an argument of a function; so is
    one behind a qualifier that is no source of the statement, as `run` in a loop over runs.
    """
    wanted = {column.casefold() for column in columns}
    found = [
        column
        for column in condition.find_all(exp.Column)
        if not column.table or column.table.casefold() in sources
    ]
    named = {column.name.casefold() for column in found}
    others = {
        column.name.casefold()
        for column in found
        if column.table or column.name.casefold() in fields
    }
    return bool(named & wanted) and others <= wanted


def _sources(tree: exp.Expression) -> set[str]:
    """Names by which the statement's tables and subqueries are called."""
    kinds = (exp.Table, exp.Subquery, exp.CTE, exp.Unnest, exp.Lateral)
    names = {one.alias_or_name for one in tree.find_all(*kinds)}
    # An UNNEST is called by its only column.
    names |= {
        column.name
        for alias in tree.find_all(exp.TableAlias)
        for column in alias.args.get("columns") or ()
    }
    return {name.casefold() for name in names}


def partitioned(tree: exp.Expression, context: Any) -> exp.Expression:
    """Refuse options of partitions for a table without any, before it is created."""
    del context
    is_plain = isinstance(tree, exp.Create) and tree.kind == "TABLE" and not tree.args.get("clone")
    if is_plain and not tree.find(exp.PartitionedByProperty, exp.LikeProperty):
        for option in tree.find_all(exp.Property):
            if option.name.lower() in (_OPTION, _FILTER):
                raise BigQueryError(
                    "invalidQuery",
                    f"{option.name.lower()} is allowed only on partitioned tables.",
                )
    return tree


def table(tree: exp.Create, reference: Any, evaluate: Evaluate) -> dict[str, Any]:
    """What CREATE TABLE says of a table, with the life of its partitions."""
    resource = _table(tree, reference, evaluate)
    if ranges := _ranges(tree):
        resource.pop("timePartitioning", None)
        resource["rangePartitioning"] = ranges
    days = _days(tree.args.get("properties"), evaluate)
    if days is None:
        return resource
    if "timePartitioning" not in resource:
        raise BigQueryError(
            "invalidQuery", f"{_OPTION} is allowed only on time-partitioned tables."
        )
    resource["timePartitioning"]["expirationMs"] = _milliseconds(days)
    return resource


def _ranges(tree: exp.Create) -> dict[str, Any] | None:
    """PARTITION BY RANGE_BUCKET(column, GENERATE_ARRAY(start, end, interval))."""
    clause = tree.find(exp.PartitionedByProperty)
    call = clause.this if clause else None
    if not isinstance(call, exp.Anonymous) or not call.name.lower().endswith("range_bucket"):
        return None
    column, series = call.expressions
    values = [evaluated.sql() for evaluated in series.expressions]
    return {
        "field": column.name,
        "range": dict(zip(("start", "end", "interval"), values, strict=True)),
    }


def alteration(stored: Table, action: exp.Expression, reference: Any, evaluate: Evaluate) -> dict:
    """What ALTER TABLE ... SET OPTIONS changes, with the life of the partitions."""
    changes = _alteration(stored, action, reference, evaluate)
    if not isinstance(action, exp.AlterSet):
        return changes
    found = [p for p in action.find_all(exp.Property) if p.name.lower() == _OPTION]
    if found:
        label = names.label(*reference)
        if stored.timePartitioning is None:
            raise BigQueryError("invalidQuery", f"{_OPTION}: {label} is not time-partitioned.")
        days = _days(action, evaluate)
        expiration = None if days is None else _milliseconds(days)
        changes["timePartitioning"] = {
            **stored.timePartitioning.dump(),
            "expirationMs": expiration,
        }
    return changes


def _days(node: exp.Expression | None, evaluate: Evaluate) -> float | None:
    for option in node.find_all(exp.Property) if node else []:
        if option.name.lower() == _OPTION:
            value = evaluate(option.args["value"])
            return None if value is None else float(value)
    return None


def _milliseconds(days: float) -> str:
    return str(round(days * DAY_MS))


def ingestion_time(tree: exp.Expression, context: Any) -> exp.Expression:
    """The hidden column goes along in copies, and begins where the partition does."""
    if isinstance(tree, exp.Create) and tree.meta.get(WHOLE):
        select = tree.expression
        source = select.find(exp.Table)
        if source is not None and partitions._hidden(source):
            select.select(exp.column(tables.INGESTION_TIME, quoted=True), copy=False)
    done = _ingestion_time(tree, context)
    if isinstance(done, exp.Create) and (clause := done.find(exp.PartitionedByProperty)):
        unit = clause.this.args.get("unit")
        for column in done.find_all(exp.ColumnDef):
            start = column.find(exp.DateTrunc)
            if column.name == tables.INGESTION_TIME and unit is not None and start is not None:
                start.replace(exp.TimestampTrunc(this=exp.CurrentTimestamp(), unit=unit.copy()))
    return done
