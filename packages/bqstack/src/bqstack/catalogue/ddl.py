"""From a cut CREATE statement to the object that it declares."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError
from sqlglot.tokens import Token

from bqstack.catalogue import scan, types
from bqstack.catalogue.model import (
    ROUTINE_KINDS,
    TABLE_KINDS,
    Argument,
    Kind,
    MaterializedView,
    Routine,
    SqlObject,
    Table,
    View,
)
from bqstack.errors import UserError

# The words before the name that each kind's file must start with: tables are never
# replaced, because that would drop their rows (spec objects.md 10).
_WORDS = {
    **dict.fromkeys(TABLE_KINDS, "CREATE TABLE IF NOT EXISTS"),
    Kind.FUNCTION: "CREATE OR REPLACE FUNCTION",
    Kind.TABLE_FUNCTION: "CREATE OR REPLACE TABLE FUNCTION",
    Kind.PROCEDURE: "CREATE OR REPLACE PROCEDURE",
    Kind.VIEW: "CREATE OR REPLACE VIEW",
    Kind.MATERIALIZED_VIEW: "CREATE MATERIALIZED VIEW IF NOT EXISTS",
}
# What a resource carries of OPTIONS; the rest would stand in the file and never reach Google.
_OPTIONS = {
    **dict.fromkeys(
        TABLE_KINDS, ("description", "partition_expiration_days", "require_partition_filter")
    ),
    Kind.MATERIALIZED_VIEW: ("description", "enable_refresh", "refresh_interval_minutes"),
}
_OTHER_OPTIONS = ("description",)
_CLAUSES = (exp.ClusterProperty, exp.PartitionedByProperty, exp.Property)
_PARTITION_FUNCTIONS = {exp.Date: "DAY", exp.TsOrDsToDate: "DAY"}


def read(kind: Kind, sql: str, path: Path, project: str, dataset: str) -> SqlObject:
    """The object that the rendered file declares; raises UserError with file and line."""
    try:
        statement = scan.scan(sql)
    except scan.ScanError as error:
        raise UserError(str(error), file=path, line=error.line) from None
    _check_header(kind, statement, path, project, dataset)
    _check_options(kind, statement, path)
    common = {
        "name": statement.name,
        "kind": kind,
        "path": path,
        "sql": sql,
        "references": tuple(
            reference
            for reference in scan.references(statement.tokens, project, dataset)
            if reference.name != statement.name
        ),
    }
    if kind in TABLE_KINDS:
        return _table(common, sql, path)
    if kind in ROUTINE_KINDS:
        return _routine(common, statement, sql, path)
    return _view(common, statement, sql, path)


def _check_header(
    kind: Kind, statement: scan.Statement, path: Path, project: str, dataset: str
) -> None:
    expected = _WORDS[kind]
    if " ".join(statement.words) != expected:
        raise UserError(
            f"a file in sql/{kind.value}/ starts with {expected}",
            file=path,
            line=1,
            value=" ".join(statement.words),
        )
    if statement.qualifier != (project, dataset):
        raise UserError(
            "the object's name must be qualified",
            file=path,
            line=statement.name_line,
            value=".".join([*statement.qualifier, statement.name]),
            fix=f"`{{{{ project }}}}`.`{{{{ dataset }}}}`.{statement.name}",
        )
    if statement.name != path.stem:
        raise UserError(
            f"the file is named {path.stem!r} but creates {statement.name!r}",
            file=path,
            line=statement.name_line,
            fix=f"rename the file to {statement.name}.sql or the object to {path.stem}",
        )
    joined = scan.joined_references(statement.tokens, project, dataset)
    if joined:
        raise UserError(
            "each part of a reference is quoted on its own",
            file=path,
            line=joined[0].line,
            value=f"`{joined[0].name}`",
            fix="`{{ project }}`.`{{ dataset }}`.name",
        )


def _check_options(kind: Kind, statement: scan.Statement, path: Path) -> None:
    taken = _OPTIONS.get(kind, _OTHER_OPTIONS)
    for token in scan.option_names(statement.header):
        if token.text.lower() not in taken:
            raise _not_declared(f"option {token.text}", path, token.line)


def _check_clauses(create: exp.Create, path: Path) -> None:
    """Refuse what no resource carries: keys, collations, a query, a copy."""
    others = [node for node in create.this.expressions if not isinstance(node, exp.ColumnDef)]
    others += [node for node in _properties(create, exp.Expression) if type(node) not in _CLAUSES]
    others += [node for key in ("expression", "clone") if (node := create.args.get(key))]
    for node in others:
        raise _not_declared(node.sql("bigquery"), path)


def _not_declared(what: str, path: Path, line: int | None = None) -> UserError:
    return UserError(
        f"{what} is nothing that this program declares, so it would never reach BigQuery",
        file=path,
        line=line,
        fix="take it out, or teach it to components/ and packages/bqstack/src/bqstack/catalogue/",
    )


def _table(common: dict[str, Any], sql: str, path: Path) -> Table:
    create = _parse(sql, path)
    _check_clauses(create, path)
    options = _options(create)
    return Table(
        **common,
        description=options.get("description", ""),
        schema=tuple(_field(column, path) for column in create.this.expressions),
        partitioning=_partitioning(create, path),
        partition_expiration_days=_number(options, "partition_expiration_days", path),
        require_partition_filter=options.get("require_partition_filter") == "true",
        clustering=_clustering(create),
    )


def _field(column: exp.ColumnDef, path: Path) -> dict[str, Any]:
    try:
        return types.table_field(column)
    except types.UnknownType as error:
        line = column.this.meta.get("line")
        raise UserError(
            f"column {column.name} has an unknown type",
            file=path,
            line=line,
            value=str(error),
            fix=error.fix,
        ) from None
    except types.NotDeclared as error:
        line = column.this.meta.get("line")
        raise _not_declared(f"column {column.name}: {error}", path, line) from None


def _routine(common: dict[str, Any], statement: scan.Statement, sql: str, path: Path) -> Routine:
    if not statement.body:
        raise UserError("the routine has no body", file=path, line=statement.name_line)
    result = scan.returns(statement.header)
    is_function = common["kind"] is Kind.FUNCTION
    for token in scan.clauses(statement.header):
        if token.text.upper() not in ("OPTIONS", *(["RETURNS"] if is_function else [])):
            raise _not_declared(token.text, path, token.line)
    return Routine(
        **common,
        description=scan.option(statement.header, "description") or "",
        arguments=tuple(
            _argument(tokens, common["kind"], sql, path)
            for tokens in scan.argument_lists(statement.header)
        ),
        returns=_type(result, sql, path) if result and is_function else None,
        body=statement.body,
    )


def _argument(tokens: list[Token], kind: Kind, sql: str, path: Path) -> Argument:
    mode = None
    if kind is Kind.PROCEDURE:
        mode = "IN"
        if tokens[0].text.upper() in ("IN", "OUT", "INOUT"):
            mode, tokens = tokens[0].text.upper(), tokens[1:]
    name, type_tokens = tokens[0].text, tokens[1:]
    if not type_tokens:
        raise UserError(f"argument {name} has no type", file=path, line=tokens[0].line)
    if scan.slice_text(sql, type_tokens).upper().split() == ["ANY", "TYPE"]:
        return Argument(name, None, mode)
    return Argument(name, _type(type_tokens, sql, path), mode)


def _type(tokens: list[Token], sql: str, path: Path) -> dict[str, Any]:
    text = scan.slice_text(sql, tokens)
    try:
        return types.standard(types.parse(text))
    except types.UnknownType as error:
        raise UserError(
            "unknown type", file=path, line=tokens[0].line, value=text, fix=error.fix
        ) from None


def _view(common: dict[str, Any], statement: scan.Statement, sql: str, path: Path) -> View:
    if not statement.body:
        raise UserError("the view has no query", file=path, line=statement.name_line)
    description = scan.option(statement.header, "description") or ""
    if common["kind"] is Kind.VIEW:
        if statement.header and statement.header[0].text == "(":
            raise UserError(
                "a view names its columns in the query, not in a column list",
                file=path,
                line=statement.header[0].line,
            )
        return View(**common, description=description, query=statement.body)
    create = _parse(sql, path)
    options = _options(create)
    return MaterializedView(
        **common,
        description=description,
        query=statement.body,
        partitioning=_partitioning(create, path),
        clustering=_clustering(create),
        enable_refresh=options.get("enable_refresh", "true") == "true",
        refresh_interval_minutes=_number(options, "refresh_interval_minutes", path) or 30,
    )


def _syntax_error(error: ParseError, path: Path) -> UserError:
    first = error.errors[0]
    return UserError(
        f"SQL syntax: {first['description'].rstrip('.')}",
        file=path,
        line=first["line"],
        value=first["highlight"],
    )


def _parse(sql: str, path: Path) -> exp.Create:
    try:
        (create,) = sqlglot.parse(sql, dialect="bigquery")
    except ParseError as error:
        raise _syntax_error(error, path) from None
    except ValueError:
        raise UserError("the file must hold one CREATE statement", file=path, line=1) from None
    if not isinstance(create, exp.Create):
        raise UserError("SQL syntax: this is no CREATE statement", file=path, line=1)
    return create


def _properties(create: exp.Create, kind: type[exp.Expression]) -> list[Any]:
    properties = create.args.get("properties")
    return [p for p in properties.expressions if isinstance(p, kind)] if properties else []


def _options(create: exp.Create) -> dict[str, str]:
    return {
        option.name.lower(): _literal(option.args["value"])
        for option in _properties(create, exp.Property)
        if type(option) is exp.Property
    }


def _literal(node: exp.Expression) -> str:
    if isinstance(node, exp.Boolean):
        return "true" if node.this else "false"
    return node.name if isinstance(node, exp.Literal) else node.sql("bigquery")


def _partitioning(create: exp.Create, path: Path) -> dict[str, str] | None:
    clauses = _properties(create, exp.PartitionedByProperty)
    if not clauses:
        return None
    node = clauses[0].this
    if isinstance(node, exp.Identifier | exp.Column):
        return {"type": "DAY", "field": node.name}
    column = node.find(exp.Column, exp.Identifier)
    unit = _PARTITION_FUNCTIONS.get(type(node)) or (node.args.get("unit") and node.text("unit"))
    if column is None or unit not in ("HOUR", "DAY", "MONTH", "YEAR"):
        raise UserError(
            "partition by a column, DATE(column) or a truncation of it to HOUR, DAY, MONTH, YEAR",
            file=path,
            value=node.sql("bigquery"),
        )
    return {"type": unit, "field": column.name}


def _clustering(create: exp.Create) -> tuple[str, ...]:
    return tuple(
        column.name
        for clause in _properties(create, exp.ClusterProperty)
        for column in clause.expressions
    )


def _number(options: dict[str, str], name: str, path: Path) -> float | None:
    if name not in options:
        return None
    try:
        return float(options[name])
    except ValueError:
        raise UserError(f"{name} must be a number", file=path, value=options[name]) from None
