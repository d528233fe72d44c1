"""Tables given through BigQuery's REST API: defaults, nested fields, ingestion time.

local-bigquery 0.4.0 makes the columns of `tables.insert` without their DEFAULT and without the
pseudocolumn of ingestion-time partitioning, and `tables.patch` and `tables.update` add columns of
the top level only: what is new within a STRUCT, and a DEFAULT, is taken and never carried out.
Through DDL it does these. Here REST goes the way of DDL. A column that is added to a table that is
there has neither a DEFAULT nor NOT NULL, by either way.
https://cloud.google.com/bigquery/docs/managing-table-schemas
https://cloud.google.com/bigquery/docs/default-values
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from typing import Any

import duckdb
import sqlglot
from local_bigquery.catalog import ddl, names, tables
from local_bigquery.engine import database, types
from local_bigquery.engine.database import quote
from local_bigquery.errors import BigQueryError
from local_bigquery.models import Table, TableFieldSchema
from local_bigquery.sql.dialect import BigQueryDialect, DuckDBDialect
from local_bigquery.sql.translate import Context, translate
from sqlglot import exp

from localgcp.bigquery import conflicts, table_layouts
from localgcp.bigquery.writes import KEEP_NO_DEFAULT, no_default

Path = tuple[str, str, str]

_LEVELS = 15
# Rows of a table that is written again; temporary tables are the connection's own.
_ROWS = "temp.main.rewritten"
_create, _alter = tables.create, tables._alter


def install() -> None:
    """Put the two operations in place of local-bigquery's own; before `views`."""
    tables.create = create
    tables._alter = alter
    ddl.check_references = _checked(ddl.check_references)


def create(project_id: str, dataset_id: str, body: Table, translate_view: Callable) -> Table:
    """`tables.insert`, with the defaults of the columns and the ingestion time."""
    fields = tables.fields(body)
    _check(fields)
    table_layouts.check(body, fields)
    if body.view or not fields or not (_defaults(fields) or is_ingestion_time(body)):
        return _create(project_id, dataset_id, body, translate_view)
    table_id = (body.tableReference and body.tableReference.tableId) or ""
    path = (project_id, dataset_id, table_id)
    # An expression that cannot be a default is refused before anything is there.
    statement = _statement(path, fields, body)
    stored = _create(project_id, dataset_id, body, translate_view)
    database.execute(statement)
    tables.record(*path, stored)
    return tables.get(*path)


def is_ingestion_time(table: Table) -> bool:
    """Whether the table is partitioned by the time that its rows came in."""
    return bool(table.timePartitioning and not table.timePartitioning.field)


def alter(project_id: str, dataset_id: str, table_id: str, fields: list[TableFieldSchema]) -> None:
    """Make the columns of a table what `tables.patch` or `tables.update` gives."""
    path = (project_id, dataset_id, table_id)
    _check(fields)
    held = tables.load(*path)
    known = {(field.name or "").casefold(): field for field in tables.fields(held)}
    for field in fields:
        if field.defaultValueExpression and (field.name or "").casefold() not in known:
            raise _has_default(path, field.name)
    added = [
        place
        for field in fields
        if (field.name or "").casefold() in known
        for place in _added(known[(field.name or "").casefold()], field, (), path)
    ]
    # All is looked at before anything is done.
    wanted = {field.name or "": _default(field, path) for field in fields}
    _alter(project_id, dataset_id, table_id, fields)
    name = tables.name(*path)
    for place, field in added:
        kind = types.duckdb_type(field)
        database.execute(f"ALTER TABLE {name} ADD COLUMN {quote(*place)} {kind}")
    for field in fields:
        before = known.get((field.name or "").casefold())
        text, expression = field.defaultValueExpression or None, wanted[field.name or ""]
        if text != ((before and before.defaultValueExpression) or None):
            _set_default(path, field, expression)


def _added(
    held: TableFieldSchema, given: TableFieldSchema, above: tuple[str, ...], path: Path
) -> Iterable[tuple[tuple[str, ...], TableFieldSchema]]:
    """Fields that are new below a column, with their places in the words of DuckLake."""
    if given.type not in ("RECORD", "STRUCT"):
        return
    place = (*above, held.name or "", *(["element"] if held.mode == "REPEATED" else []))
    known = {(field.name or "").casefold(): field for field in held.fields or []}
    given_names = {(field.name or "").casefold() for field in given.fields or []}
    for name, field in known.items():
        if name not in given_names:
            raise BigQueryError(
                "invalid",
                f"Provided Schema does not match Table {names.label(*path)}. Field"
                f" {'.'.join([*above, given.name or ''])} is missing in new schema:"
                f" {field.name}",
            )
    for field in given.fields or []:
        before = known.get((field.name or "").casefold())
        if before is not None:
            yield from _added(before, field, place, path)
        elif field.mode == "REQUIRED":
            raise BigQueryError(
                "invalid",
                f"Provided Schema does not match Table {names.label(*path)}. Cannot add required"
                f" fields to an existing schema. (field: {field.name})",
            )
        else:
            yield (*place, field.name or ""), field


def _checked(check: Callable[..., None]) -> Callable[..., None]:
    """What is looked at before DDL is carried out, with the columns that ALTER TABLE adds."""

    def checked(tree: exp.Expr, project_id: str, dataset_id: str | None) -> None:
        target = names.target(tree)
        if isinstance(tree, exp.Alter) and target is not None:
            path = names.reference(target, project_id, dataset_id)
            for column in tree.args.get("actions") or []:
                if isinstance(column, exp.ColumnDef):
                    _check_added(path, column)
        check(tree, project_id, dataset_id)

    return checked


def _check_added(path: Path, column: exp.ColumnDef) -> None:
    kinds = [constraint.args.get("kind") for constraint in column.args.get("constraints") or []]
    if any(isinstance(kind, exp.DefaultColumnConstraint) for kind in kinds):
        raise _has_default(path, column.name)
    if any(isinstance(kind, exp.NotNullColumnConstraint) for kind in kinds):
        raise BigQueryError(
            "invalidQuery",
            f"Cannot add required columns to table {names.label(*path)}. (column: {column.name})",
        )


def _has_default(path: Path, column: str | None) -> BigQueryError:
    # https://cloud.google.com/bigquery/docs/default-values#limitations
    return BigQueryError(
        "invalid",
        f"Cannot add a column with a default value to table {names.label(*path)}: add the column,"
        f" then set its default. (column: {column})",
    )


def _check(fields: list[TableFieldSchema], level: int = 1, path: str = "") -> None:
    """Refuse what Google refuses of a schema: too deep, two fields of one name."""
    if fields and level > _LEVELS:
        # In the words of https://github.com/bxparks/bigquery-schema-generator/issues/51.
        raise BigQueryError(
            "invalid",
            f"Schema nested too deeply for field {path}, maximum allowed depth is {_LEVELS}.",
        )
    seen: set[str] = set()
    for field in fields:
        name = (field.name or "").casefold()
        if name in seen:
            raise BigQueryError("invalid", f"Duplicate field name: {field.name}")
        seen.add(name)
        if field.defaultValueExpression and level > 1:
            raise BigQueryError(
                "invalid", f"Default value is supported on top-level columns only: {field.name}"
            )
        _check(field.fields or [], level + 1, f"{path}.{field.name}".lstrip("."))


# Defaults ---------------------------------------------------------------------------------


def _defaults(fields: list[TableFieldSchema]) -> bool:
    return any(field.defaultValueExpression for field in fields)


def _default(field: TableFieldSchema, path: Path) -> str | None:
    """The default in DuckDB's words; raises BigQueryError for what is no expression."""
    if not field.defaultValueExpression:
        return None
    kind = "ARRAY" if field.mode == "REPEATED" else str(field.type)
    if (kind := {"RECORD": "STRUCT"}.get(kind, kind)).lower() in KEEP_NO_DEFAULT:
        raise no_default(kind)
    text = f"SELECT CAST(({field.defaultValueExpression}) AS {types.bigquery_type(field)})"
    tree = _parsed(text, field.defaultValueExpression, field)
    if tree.find(exp.Subquery, exp.Column):
        raise BigQueryError(
            "invalid",
            f"Default value of column {field.name} can neither read tables nor name columns:"
            f" {field.defaultValueExpression}",
        )
    sql, _ = translate(tree, Context(path[0], path[1]))
    with database.cursor() as cursor:
        try:
            cursor.sql(sql)
        except duckdb.Error as error:
            raise BigQueryError(
                "invalid",
                f"Invalid default value expression for column {field.name}:"
                f" {str(error).splitlines()[0]}",
            ) from None
    [value] = sqlglot.parse_one(sql, dialect=DuckDBDialect).expressions
    return value.unalias().sql(dialect=DuckDBDialect)


def _parsed(text: str, shown: str, field: TableFieldSchema) -> exp.Expr:
    try:
        return sqlglot.parse_one(text, dialect=BigQueryDialect)
    except sqlglot.errors.SqlglotError:
        raise BigQueryError(
            "invalid", f"Invalid default value expression for column {field.name}: {shown}"
        ) from None


def _statement(path: Path, fields: list[TableFieldSchema], body: Table) -> str:
    """CREATE OR REPLACE TABLE with all that DuckLake keeps of the columns."""
    columns = [_column(field, _default(field, path)) for field in fields]
    if is_ingestion_time(body):
        unit = ((body.timePartitioning and body.timePartitioning.type) or "DAY").lower()
        now, _ = translate(
            sqlglot.parse_one("SELECT CURRENT_TIMESTAMP()", dialect=BigQueryDialect),
            Context(path[0], path[1]),
        )
        [moment] = sqlglot.parse_one(now, dialect=DuckDBDialect).expressions
        start = f"date_trunc('{unit}', {moment.unalias().sql(dialect=DuckDBDialect)})"
        columns.append(
            f"{quote(tables.INGESTION_TIME)} TIMESTAMPTZ DEFAULT CAST({start} AS TIMESTAMPTZ)"
        )
    return f"CREATE OR REPLACE TABLE {tables.name(*path)} ({', '.join(columns)})"


def _column(field: TableFieldSchema, default: str | None) -> str:
    return types.column(field) + (f" DEFAULT {default}" if default else "")


def _set_default(path: Path, field: TableFieldSchema, expression: str | None) -> None:
    name, column = tables.name(*path), quote(field.name)
    if expression is None:
        database.execute(f"ALTER TABLE {name} ALTER COLUMN {column} DROP DEFAULT")
        return
    try:
        database.execute(f"ALTER TABLE {name} ALTER COLUMN {column} SET DEFAULT {expression}")
    except duckdb.NotImplementedException:
        _rebuild(path, field.name or "", expression)


def _rebuild(path: Path, column: str, expression: str) -> None:
    """Write the table again: DuckLake gives an added column no expression as its default.

    Nobody meets the table without its rows, or none at all. Time travel does not reach behind this.
    """
    name = tables.name(*path)
    with database.writing(*path), database.cursor() as cursor:
        described = cursor.execute(
            f'SELECT column_name, column_type, "null", "default" FROM (DESCRIBE {name})'
        ).fetchall()
        columns = ", ".join(
            f"{quote(one)} {kind}"
            + (" NOT NULL" if null == "NO" else "")
            + (f" DEFAULT {default}" if (default := _shown(one, column, expression, text)) else "")
            for one, kind, null, text in described
        )
        cursor.execute(f"CREATE TEMP TABLE {_ROWS} AS SELECT * FROM {name}")
        try:
            # DuckLake refuses a commit whose tables a reader looks up at that moment.
            conflicts.repeated(lambda: _replace(cursor, name, columns))
        finally:
            cursor.execute(f"DROP TABLE {_ROWS}")


def _replace(cursor: duckdb.DuckDBPyConnection, name: str, columns: str) -> None:
    """The table with these columns and the rows kept aside, in one step for its readers."""
    cursor.execute("BEGIN")
    try:
        cursor.execute(f"CREATE OR REPLACE TABLE {name} ({columns})")
        cursor.execute(f"INSERT INTO {name} SELECT * FROM {_ROWS}")
        cursor.execute("COMMIT")
    except duckdb.Error as error:
        # A commit that is refused has ended the transaction already.
        with contextlib.suppress(duckdb.TransactionException):
            cursor.execute("ROLLBACK")
        raise error


def _shown(one: str, column: str, expression: str, text: Any) -> str | None:
    if one.casefold() == column.casefold():
        return expression
    return None if text in (None, "NULL") else str(text)
