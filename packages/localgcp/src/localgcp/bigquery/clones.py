"""Snapshots, clones and copies keep what their table is.

local-bigquery 0.4.0 copies the rows of a table and forgets the rest: partitioning, clustering, the
hidden ingestion time, which columns are required, their descriptions and defaults. Here clones and
snapshots share the files of their table (`shared_files`).
https://cloud.google.com/bigquery/docs/table-snapshots-intro
https://cloud.google.com/bigquery/docs/table-clones-intro
"""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable
from typing import Any

import duckdb
import sqlglot
from local_bigquery.catalog import ddl as catalog_ddl
from local_bigquery.catalog import metadata, names
from local_bigquery.engine import database
from local_bigquery.engine.database import quote
from local_bigquery.jobs import query
from local_bigquery.models import Table
from local_bigquery.sql.dialect import DuckDBDialect
from local_bigquery.sql.rules import ddl as statement_rules
from sqlglot import exp

from localgcp.bigquery import clone_jobs, clone_rules, conflicts, shared_files

# Of a table's resource, what its copy has from the start; a snapshot's partitions do not expire.
_KEPT = (
    "clustering",
    "description",
    "friendlyName",
    "labels",
    "rangePartitioning",
    "requirePartitionFilter",
    "schema",
    "tableConstraints",
    "timePartitioning",
)
WHOLE = "whole"
"""Mark of a statement that copies a table: it takes all partitions and hidden columns."""
# Rows of a clone whose columns change; temporary tables are the connection's own.
_ROWS = "temp.main.cloned"
# DuckLake loses tables, or its process, when several are made and replaced at once.
_one_at_a_time = threading.Lock()
_split, _definition = statement_rules.split, catalog_ddl._definition


def install() -> None:
    """Put whole copies in place of local-bigquery's."""
    statement_rules.split = split
    catalog_ddl._definition = definition
    query._run = _with_columns(query._run)
    clone_jobs.install()


def split(tree: exp.Expression) -> list[exp.Expression]:
    """The statements of one; that of a clone is marked."""
    parts = _split(tree)
    if isinstance(tree, exp.Create) and tree.args.get("clone"):
        parts[0].meta[WHOLE] = True
    return parts


def definition(tree: exp.Create, project_id: str, dataset_id: str) -> dict[str, Any]:
    """What a CREATE statement says of a table beside its columns."""
    found = _definition(tree, project_id, dataset_id)
    if not (clone := tree.args.get("clone")):
        return found
    stored = metadata.load(Table, *names.reference(clone.this, project_id, dataset_id))
    kept = stored.only(*_KEPT).dump() if stored else {}
    if tree.meta.get("snapshot") and "expirationMs" in kept.get("timePartitioning", {}):
        del kept["timePartitioning"]["expirationMs"]
    # What the statement itself says goes before.
    target = names.reference(tree.this, project_id, dataset_id)
    with database.cursor() as cursor:
        own = catalog_ddl._table(tree, target, query._evaluator(cursor))
    return {key: value for key, value in kept.items() if key not in own} | found


def _with_columns(run: Callable[..., Any]) -> Callable[..., Any]:
    """Give the columns of a clone what DuckLake keeps of them: NOT NULL and defaults."""

    def copied(cur: Any, tree: exp.Expression, context: Any, *rest: Any) -> Any:
        clone_rules.check(tree, context)
        clone = tree.args.get("clone") if isinstance(tree, exp.Create) else None
        if not clone:
            return run(cur, tree, context, *rest)
        with _one_at_a_time:
            then = clone_rules.moment(cur, tree, context)
            sharing = _Sharing(cur)
            result = run(sharing, tree, context, *rest)
            dry = len(rest) > 2 and rest[2]
            if not dry and result.ddlOperationPerformed != "SKIP":
                source = names.reference(clone.this, context.project_id, context.dataset_id)
                target = names.reference(tree.this, context.project_id, context.dataset_id)
                if not sharing.has_shared:
                    _columns(source, target)
                if then is not None:
                    clone_rules.date(target, then)
        return result

    return copied


class _Sharing:
    """A connection that runs a clone's statement by sharing files, where that can be done."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.has_shared = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, sql: str, *bound: Any) -> Any:
        if sql.startswith("CREATE") and self._is_shared(sql, *bound):
            self.has_shared = True
            return self._connection
        return self._connection.execute(sql, *bound)

    def _is_shared(self, sql: str, bound: Any = None) -> bool:
        tree = sqlglot.parse_one(sql, dialect=DuckDBDialect)
        source = _whole_table(tree)
        if not isinstance(tree, exp.Create) or source is None or self._is_in_transaction():
            return False
        moment = None
        if (when := source.args.get("when")) is not None:
            text = f"SELECT epoch_us({when.expression.sql(dialect=DuckDBDialect)})"
            [(microseconds,)] = self._connection.execute(text, bound).fetchall()
            if microseconds is None:
                return False
            moment = datetime.datetime.fromtimestamp(microseconds / 1e6, datetime.UTC)
        base, clone = ((one.catalog, one.db, one.name) for one in (source, tree.this))
        return shared_files.share(base, clone, moment, replace=bool(tree.args.get("replace")))

    def _is_in_transaction(self) -> bool:
        """Whether the script has begun one, which shared files would not be part of."""
        try:
            self._connection.execute("BEGIN")
        except duckdb.TransactionException:
            return True
        self._connection.execute("ROLLBACK")
        return False


def _whole_table(tree: exp.Expr) -> exp.Table | None:
    """The table of which a statement takes all columns of all rows, None for any other."""
    query = tree.expression if isinstance(tree, exp.Create) else None
    if not isinstance(query, exp.Select) or query.expressions != [exp.Star()]:
        return None
    said = {key for key, value in query.args.items() if value}
    source = query.args["from_"].this if said == {"expressions", "from_"} else None
    is_plain = isinstance(source, exp.Table) and isinstance(tree.this, exp.Table)
    return source if is_plain else None


def _columns(source: tuple[str, ...], target: tuple[str, ...]) -> None:
    now = {(name, kind): (null, default) for name, kind, null, default in _described(source)}
    # A copy of an earlier moment has the columns of that time.
    described = [
        (name, kind, *now.get((name, kind), (null, default)))
        for name, kind, null, default in _described(target)
    ]
    columns = ", ".join(
        f"{quote(column)} {kind}"
        + (" NOT NULL" if null == "NO" else "")
        + ("" if default in (None, "NULL") else f" DEFAULT {default}")
        for column, kind, null, default in described
    )
    if all(null != "NO" and default in (None, "NULL") for _, _, null, default in described):
        return
    name = quote(*target)
    if not database.fetch(f"SELECT 1 FROM {name} LIMIT 1"):
        # DuckLake sets no NOT NULL on an empty table, but creates one with it.
        _create_again(name, columns)
        return
    try:
        conflicts.repeated(lambda: _alter(name, described))
    except duckdb.Error:
        # Nor on a column without statistics, such as a STRUCT.
        with database.writing(*target), database.cursor() as cursor:
            cursor.execute(f"CREATE TEMP TABLE {_ROWS} AS SELECT * FROM {name}")
            try:
                _create_again(name, columns)
                conflicts.repeated(
                    lambda: cursor.execute(f"INSERT INTO {name} SELECT * FROM {_ROWS}")
                )
            finally:
                cursor.execute(f"DROP TABLE {_ROWS}")


def _create_again(name: str, columns: str) -> None:
    """The table without rows, with these columns; nobody else knows of it yet."""
    conflicts.repeated(lambda: database.execute(f"DROP TABLE {name}"))
    conflicts.repeated(lambda: database.execute(f"CREATE TABLE {name} ({columns})"))


def _described(path: tuple[str, ...]) -> list[tuple[Any, ...]]:
    """Name, type, whether it may be NULL, and default of each column."""
    return database.fetch(
        f'SELECT column_name, column_type, "null", "default" FROM (DESCRIBE {quote(*path)})'
    )


def _alter(name: str, described: list[tuple[Any, ...]]) -> None:
    for column, _, null, default in described:
        if null == "NO":
            database.execute(f"ALTER TABLE {name} ALTER COLUMN {quote(column)} SET NOT NULL")
        if default not in (None, "NULL"):
            database.execute(
                f"ALTER TABLE {name} ALTER COLUMN {quote(column)} SET DEFAULT {default}"
            )
