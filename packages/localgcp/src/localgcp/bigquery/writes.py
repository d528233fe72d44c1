"""What a value goes through on its way into a column: DEFAULT, and the limits of its type.

local-bigquery 0.4.0 keeps the length of STRING(n) and the digits of NUMERIC(p, s) of columns
that DDL creates, at the top level, and holds no value to them; `UPDATE ... SET c = DEFAULT` it
does not know. DuckDB has no such types, so values are checked where they are written.
https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#parameterized_data_types
"""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from local_bigquery.catalog import ddl, metadata, names, tabledata, tables
from local_bigquery.engine import database
from local_bigquery.engine.database import quote
from local_bigquery.engine.types import bigquery_type
from local_bigquery.errors import BigQueryError
from local_bigquery.models import Table, TableDataInsertAllRequest, TableFieldSchema
from local_bigquery.sql import rules
from local_bigquery.sql.dialect import macro
from sqlglot import exp

from localgcp.bigquery import big_decimals, unsupported

KEEP_NO_DEFAULT = ("array", "struct", "range")
_LIMITS = ("maxLength", "precision", "scale")


def install() -> None:
    """Check values of DML, of streamed rows and of jobs that write a table."""
    ddl._fields = _recording(ddl._fields)
    ddl._alteration = _altering(ddl._alteration)
    rules.STATEMENT_RULES[:0] = [default_of_update, default_of_column, limited]
    tabledata.insert_all = _streamed(tabledata.insert_all)
    tables.write = _written(tables.write)


# What a table says of its columns -----------------------------------------------------------


def _recording(fields: Callable[..., list[dict]]) -> Callable[..., list[dict]]:
    """The parameters of types within ARRAY and STRUCT, too."""

    def recorded(schema: exp.Expr, evaluate: Any) -> list[dict]:
        found = {field["name"]: field for field in fields(schema, evaluate)}
        for column in schema.expressions if isinstance(schema, exp.Schema) else []:
            if isinstance(column, exp.ColumnDef) and (limits := _declared(column.kind)):
                found[column.name] = {"name": column.name, **found.get(column.name, {}), **limits}
        return list(found.values())

    return recorded


def _declared(kind: exp.DataType | None) -> dict[str, Any]:
    if kind is None:
        return {}
    if kind.is_type("array"):
        return _declared(kind.expressions[0]) if kind.expressions else {}
    if kind.is_type("struct"):
        inner = [
            {"name": field.name, **limits}
            for field in kind.expressions
            if isinstance(field, exp.ColumnDef) and (limits := _declared(field.kind))
        ]
        return {"fields": inner} if inner else {}
    limits = ddl._parameters(kind)
    return {**big_decimals.of_type(kind), **limits} if limits else {}


def _altering(alteration: Callable[..., dict]) -> Callable[..., dict]:
    """ADD COLUMN with a limit, and SET DATA TYPE, which may widen one or take it away."""

    def altered(stored: Table, action: exp.Expr, reference: Any, evaluate: Any) -> dict:
        kind = action.args.get("dtype" if isinstance(action, exp.AlterColumn) else "kind")
        if not isinstance(action, exp.AlterColumn | exp.ColumnDef) or kind is None:
            return alteration(stored, action, reference, evaluate)
        limits = _declared(kind)
        fields = [
            field.without(*_LIMITS).replace(**limits)
            if (field.name or "").casefold() == action.name.casefold()
            else field
            for field in tables.fields(stored)
        ]
        return {"schema": {"fields": [field.dump() for field in fields]}}

    return altered


def _fields(path: tuple[str, str, str]) -> list[TableFieldSchema]:
    """Columns of a permanent table that has limits, empty for others."""
    stored = metadata.load(Table, *path)
    held = tables.fields(stored) if stored is not None else []
    if not any(map(is_limited, held)):
        return []
    # What DDL keeps of a column lacks its type and mode.
    return tables.fields(tables.load(*path))


def is_limited(field: TableFieldSchema) -> bool:
    """Whether a value of the column may be too long or too great for it."""
    return bool(field.maxLength or field.precision) or any(map(is_limited, field.fields or []))


# DML ----------------------------------------------------------------------------------------


def default_of_update(tree: exp.Expr, context: Any) -> exp.Expr:
    """`SET c = DEFAULT`: the column's default, NULL where it has none."""
    if isinstance(tree, exp.Update):
        for assignment in tree.expressions:
            if _is_default(assignment.expression):
                text = _default(tree, assignment.this.name, context)
                assignment.set("expression", exp.Var(this=f"({text})"))
    return tree


def default_of_column(tree: exp.Expr, context: Any) -> exp.Expr:
    """Refuse the defaults that DuckDB keeps of no such column."""
    del context
    if isinstance(tree, exp.Create | exp.Alter):
        for column in tree.find_all(exp.ColumnDef):
            kind = column.kind
            if kind is None or not column.find(exp.DefaultColumnConstraint):
                continue
            for name in KEEP_NO_DEFAULT:
                if kind.is_type(name):
                    raise no_default(name.upper())
    return tree


def no_default(kind: str) -> BigQueryError:
    """The error for a default of a column of such a type."""
    return unsupported.error(f"a DEFAULT of a column of type {kind}")


def _default(tree: exp.Update, column: str, context: Any) -> str:
    """The default in the words of DuckDB, which looks up none in a DuckLake."""
    path = names.reference(names.target(tree), context.project_id, context.dataset_id)
    rows = database.fetch(
        f'SELECT "default" FROM (DESCRIBE {tables.name(*path)})'
        " WHERE lower(column_name) = lower(?)",
        [column],
    )
    return (rows and rows[0][0]) or "NULL"


def _is_default(value: exp.Expr) -> bool:
    return isinstance(value, exp.Column | exp.Var) and value.sql().upper() == "DEFAULT"


def limited(tree: exp.Expr, context: Any) -> exp.Expr:
    """Check each value that INSERT and UPDATE, also those of a MERGE, give a limited column."""
    if not isinstance(tree, exp.Insert | exp.Update):
        return tree
    fields = {(one.name or "").casefold(): one for one in _target(tree, context)}
    if not any(map(is_limited, fields.values())):
        return tree
    if isinstance(tree, exp.Update):
        for assignment in tree.expressions:
            _limit_assignment(assignment, fields)
        return tree
    is_schema = isinstance(tree.this, exp.Schema)
    listed = tree.this.expressions if is_schema else []
    into = [fields.get(one.name.casefold()) for one in listed] or list(fields.values())
    source = tree.expression
    if isinstance(source, exp.Values):
        for row in source.expressions:
            cells = row.expressions if isinstance(row, exp.Tuple) else [row]
            for cell, field in zip(cells, into, strict=False):
                if field is not None and is_limited(field) and not _is_default(cell):
                    cell.replace(_checked(cell.copy(), field))
    elif isinstance(source, exp.Query):
        columns = [exp.to_identifier(f"_c{number}") for number in range(len(into))]
        rows = source.subquery(exp.TableAlias(this=exp.to_identifier("_rows"), columns=columns))
        cells = [
            _checked(exp.column(column.copy()), field)
            if field is not None and is_limited(field)
            else exp.column(column.copy())
            for column, field in zip(columns, into, strict=True)
        ]
        tree.set("expression", exp.select(*cells).from_(rows))
    return tree


def _target(tree: exp.Expr, context: Any) -> list[TableFieldSchema]:
    table = names.target(tree)
    if table is None or not isinstance(table.this, exp.Identifier):
        return []
    is_temporary = not table.db and table.name.casefold() in context.temporary
    if is_temporary or (not table.db and context.dataset_id is None):
        return []
    return _fields(names.reference(table, context.project_id, context.dataset_id))


def _limit_assignment(assignment: exp.Expr, fields: dict[str, TableFieldSchema]) -> None:
    if _is_default(assignment.expression):
        return
    target = assignment.this
    parts = [part.name.casefold() for part in target.parts]
    field = fields.get(parts[0]) or (fields.get(parts[1]) if len(parts) > 1 else None)
    below = parts[parts.index((field.name or "").casefold()) + 1 :] if field else []
    for name in below:
        inner = {(one.name or "").casefold(): one for one in (field.fields if field else []) or []}
        field = inner.get(name)
    if field is not None and is_limited(field):
        assignment.set("expression", _checked(assignment.expression.copy(), field))


_variables = itertools.count()


def _checked(value: exp.Expr, field: TableFieldSchema, above: str = "") -> exp.Expr:
    """The value, or an error of the query that names the column."""
    label = f"{above}{field.name}"
    if field.mode == "REPEATED":
        name = exp.to_identifier(f"_v{next(_variables)}")
        one = _checked(exp.column(name.copy()), field.replace(mode="NULLABLE"), above)
        return exp.func("list_transform", value, exp.Lambda(this=one, expressions=[name]))
    if field.fields:
        value = exp.cast(value, exp.DataType.build(bigquery_type(field), dialect="bigquery"))
        parts = [
            exp.PropertyEQ(
                this=exp.to_identifier(inner.name),
                expression=_checked(
                    exp.func("struct_extract", value.copy(), exp.Literal.string(inner.name)),
                    inner,
                    f"{label}.",
                ),
            )
            for inner in field.fields
            if is_limited(inner)
        ]
        updated = exp.func("struct_update", value.copy(), *parts)
        return exp.Case(
            ifs=[exp.If(this=value.is_(exp.null()).not_(), true=updated)], default=exp.null()
        )
    return macro(*_limit(value, field, label))


def _limit(value: exp.Expr, field: TableFieldSchema, label: str) -> tuple[Any, ...]:
    kind = (field.type or "").upper()
    what = exp.Literal.string(f"Field {label}: {_spelled(field)}")
    if field.maxLength:
        name = "_limited_bytes" if kind == "BYTES" else "_limited_text"
        return name, value, exp.Literal.number(int(field.maxLength)), what
    scale = int(field.scale or 0)
    whole = int(field.precision) - scale
    name = "_limited_big" if kind.startswith("BIG") else "_limited_number"
    return name, value, exp.Literal.number(whole), exp.Literal.number(scale), what


def _spelled(field: TableFieldSchema) -> str:
    scale = f", {field.scale}" if field.scale else ""
    return f"{(field.type or '').upper()}({field.maxLength or field.precision}{scale})"


# Rows that come by other ways ---------------------------------------------------------------


def _written(write: Callable[..., bool]) -> Callable[..., bool]:
    """Results and loaded files, into a table that is there or that the job describes."""

    def written(
        cur: Any, query: str, params: Any, reference: Any, config: Any, *rest: Any, **more: Any
    ) -> bool:
        described = getattr(config, "schema_", None)
        is_new = (config.writeDisposition or "") == "WRITE_TRUNCATE" and described
        given = list((described and described.fields) or [])
        known = given if is_new else _fields(reference) or given
        checks = list(_projected(known, cur.sql(query, params=params).columns))
        if checks:
            query = f"SELECT * REPLACE ({', '.join(checks)}) FROM ({query})"
        return write(cur, query, params, reference, config, *rest, **more)

    return written


def _projected(fields: Iterable[TableFieldSchema], columns: list[str]) -> Iterable[str]:
    known = {(field.name or "").casefold(): field for field in fields}
    for column in columns:
        field = known.get(column.casefold())
        if field is not None and is_limited(field):
            checked = _checked(exp.column(column, quoted=True), field)
            yield f"{checked.sql(dialect='duckdb')} AS {quote(column)}"


def _streamed(insert_all: Callable[..., dict]) -> Callable[..., dict]:
    """Rows that are too long for a column, reported one by one as other bad rows are."""

    def inserted(
        project_id: str, dataset_id: str, table_id: str, body: TableDataInsertAllRequest
    ) -> dict:
        fields = [one for one in _fields((project_id, dataset_id, table_id)) if is_limited(one)]
        rows = body.rows or []
        if not fields or not rows:
            return insert_all(project_id, dataset_id, table_id, body)
        bad: dict[int, list[dict]] = {}
        for index, row in enumerate(rows):
            values = row.json_.model_dump() if row.json_ else {}
            if problems := list(_problems(values, fields)):
                bad[index] = problems
        if not bad:
            return insert_all(project_id, dataset_id, table_id, body)
        errors = [{"index": index, "errors": problems} for index, problems in bad.items()]
        good = [index for index in range(len(rows)) if index not in bad]
        if body.skipInvalidRows:
            kept = body.replace(rows=[rows[index] for index in good])
            answer = insert_all(project_id, dataset_id, table_id, kept)
            errors += [
                {**error, "index": good[error["index"]]} for error in answer.get("insertErrors", [])
            ]
        else:
            stopped = {"reason": "stopped", "location": "", "message": ""}
            errors += [{"index": index, "errors": [stopped]} for index in good]
        return {"insertErrors": sorted(errors, key=lambda error: error["index"])}

    return inserted


def _problems(values: dict[str, Any], fields: list[TableFieldSchema]) -> Iterator[dict]:
    given = {name.casefold(): value for name, value in values.items()}
    for field in fields:
        for message in _too_much(given.get((field.name or "").casefold()), field, ""):
            yield {
                "reason": "invalid",
                "location": field.name,
                "debugInfo": "",
                "message": message,
            }


def _too_much(value: Any, field: TableFieldSchema, above: str) -> Iterator[str]:
    """Messages about a value as JSON carries it; another check reports a wrong type."""
    label = f"{above}{field.name}"
    if value is None:
        return
    if isinstance(value, list):
        for one in value:
            yield from _too_much(one, field, above)
    elif isinstance(value, dict):
        given = {name.casefold(): inner for name, inner in value.items()}
        for inner in field.fields or []:
            yield from _too_much(given.get((inner.name or "").casefold()), inner, f"{label}.")
    elif field.maxLength:
        is_bytes = (field.type or "").upper() == "BYTES"
        length = len(_bytes(str(value)) if is_bytes else str(value))
        if length > int(field.maxLength):
            yield (
                f"Field {label}: {_spelled(field)} has maximum length {field.maxLength}"
                f" but got a value with length {length}"
            )
    elif field.precision:
        whole = int(field.precision) - int(field.scale or 0)
        number = _decimal(str(value))
        if number is not None and abs(round(number, int(field.scale or 0))) >= 10**whole:
            yield (
                f"Field {label}: {_spelled(field)} has a maximum of {whole} digits before the"
                f" point but got {value}"
            )


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except ValueError:
        return b""


def _decimal(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None
