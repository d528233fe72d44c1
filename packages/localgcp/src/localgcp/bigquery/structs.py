"""Fields of structs as columns: `expression.*`, and bare names over UNNEST of structs.

local-bigquery 0.4.0 spreads neither. DuckDB's UNNEST of a struct does, and where an element
has a name, its fields are found by the type of what is unnested: from the catalogue, or for what
has none there, such as a query of WITH or a temporary table, from DuckDB.
https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#unnest_operator
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import duckdb
from local_bigquery.catalog import names, tables
from local_bigquery.engine.types import bigquery_type
from local_bigquery.errors import BigQueryError
from local_bigquery.models import TableFieldSchema
from local_bigquery.sql import rules
from local_bigquery.sql.rules import arrays
from sqlglot import exp

from localgcp.bigquery import probes, unsupported

_Kinds = Callable[[exp.Column], exp.DataType | None]
_numbers = itertools.count()


def install() -> None:
    """Spread structs before local-bigquery looks at arrays."""
    position = rules.STATEMENT_RULES.index(arrays.STATEMENT_RULES[0])
    rules.STATEMENT_RULES[position:position] = [dot_star, unnested]
    probes.install()


def dot_star(tree: exp.Expr, context: Any) -> exp.Expr:
    """`(f(x)).*`, `f(x).*` and `t.s.*`; a struct that is NULL gives NULL in each column."""
    del context
    for select in tree.find_all(exp.Select):
        for node in list(select.expressions):
            value = _starred(node, select)
            if value is None:
                continue
            star = node.find(exp.Star)
            if star is not None and any(star.args.values()):
                raise unsupported.error("EXCEPT and REPLACE of the fields of an expression")
            node.replace(_spread(value))
    return tree


def _spread(value: exp.Expr) -> exp.Expr:
    """The fields of a struct. DuckDB evaluates what it spreads once a field, and a query never."""
    if isinstance(value, exp.Column):
        return exp.Explode(this=value)
    deep = exp.Kwarg(this=exp.var("max_depth"), expression=exp.Literal.number(2))
    return exp.Anonymous(this="unnest", expressions=[exp.Array(expressions=[value]), deep])


def _starred(node: exp.Expr, select: exp.Select) -> exp.Expr | None:
    if isinstance(node, exp.Alias):
        # The name that local-bigquery has given to a column without one.
        return _starred(node.this, select)
    if isinstance(node, exp.Dot) and isinstance(node.expression, exp.Star):
        return node.this.copy()
    if isinstance(node, exp.Column) and isinstance(node.this, exp.Star) and node.table:
        parts = [part.copy() for part in node.parts[:-1]]
        sources = {source.alias_or_name.casefold() for source in _sources(select)}
        # `project.dataset.table.*` names a table, `table.column.*` a column of one.
        if len(parts) > 1 and parts[0].name.casefold() in sources:
            column = exp.Column(this=parts[1], table=parts[0])
            return exp.Dot.build([column, *parts[2:]]) if parts[2:] else column
    return None


def _sources(select: exp.Select) -> Iterator[exp.Expr]:
    for clause in (select.args.get("from_"), *(select.args.get("joins") or [])):
        if clause is not None:
            yield clause.this


# UNNEST -----------------------------------------------------------------------------------


def unnested(tree: exp.Expr, context: Any) -> exp.Expr:
    """Columns of an UNNEST whose elements are structs."""
    arguments = _arguments(tree)
    for unnest in list(tree.find_all(exp.Unnest)):
        clause = unnest.parent
        if not isinstance(clause, exp.From | exp.Join) or not isinstance(clause.parent, exp.Select):
            continue
        select = clause.parent
        offset = isinstance(unnest.args.get("offset"), exp.Identifier)
        alias = unnest.args.get("alias")
        if alias is None and not offset:
            # Without a name, the fields are all that can be read of an element.
            unnest.set("explode_array", True)
            continue
        if not _has_bare_names(select, unnest):
            continue
        fields = _fields(unnest, _kinds(select, arguments, context))
        if fields is None:
            fields = _asked(unnest, select, context)
        is_only = len(list(_sources(select))) == 1 and select.parent_select is None
        if fields or (fields is None and arguments and is_only):
            _named(select, unnest, alias, fields, (set(arguments), context))
        elif fields is None and alias is not None:
            probes.unknown(context, alias.alias_or_name or alias.columns[0].name)
    return tree


def _has_bare_names(select: exp.Select, unnest: exp.Unnest) -> bool:
    """Whether anything in this query may be a field of the element."""
    if any(isinstance(one, exp.Star) for one in select.expressions):
        return True
    alias, offset = unnest.args.get("alias"), unnest.args.get("offset")
    named = (*(alias.columns if alias else ()), alias, offset)
    own = {one.name.casefold() for one in named if isinstance(one, exp.Expr)}
    return any(
        not column.table and column.name.casefold() not in own
        for column in select.find_all(exp.Column)
        if column.find_ancestor(exp.Unnest) is not unnest and column.parent_select is select
    )


def _fields(unnest: exp.Unnest, kinds: _Kinds) -> list[str] | None:
    """Fields of an element, none if it is no struct; None if its type is not to be found."""
    [array, *more] = unnest.expressions
    if more:
        return []
    if isinstance(array, exp.Column):
        kind = kinds(array)
    elif isinstance(array, exp.Cast):
        kind = array.to
    elif isinstance(array, exp.Array):
        first = next(iter(array.expressions), None)
        fields = first.expressions if isinstance(first, exp.Struct) else []
        return [field.name for field in fields if isinstance(field, exp.PropertyEQ)]
    else:
        kind = None
    return None if kind is None or kind.is_type("variant") else _element(kind)


def _asked(unnest: exp.Unnest, select: exp.Select, context: Any) -> list[str] | None:
    """The same from DuckDB, over the sources that stand before this one."""
    alone = exp.select(exp.alias_(unnest.expressions[0].copy(), "array"))
    sources = list(itertools.takewhile(lambda one: one is not unnest, _sources(select)))
    for position, source in enumerate(sources):
        alone = alone.join(source.copy()) if position else alone.from_(source.copy())
    found = probes.columns(exp.Subquery(this=alone), select, context)
    return None if found is None else _element(_parsed(found["array"]))


def _parsed(kind: Any) -> exp.DataType:
    return exp.DataType.build(str(kind), dialect="duckdb")


def _element(kind: exp.DataType) -> list[str]:
    """Fields of the elements of an array."""
    element = kind.expressions[0] if kind.is_type("array", "list") else None
    if not isinstance(element, exp.DataType) or not element.is_type("struct"):
        return []
    return [field.name for field in element.expressions if isinstance(field, exp.ColumnDef)]


def _arguments(tree: exp.Expr) -> dict[str, exp.DataType]:
    """Arguments of the function that is created, by name."""
    if not isinstance(tree, exp.Create) or tree.args.get("kind") != "FUNCTION":
        return {}
    return {
        one.name.casefold(): one.kind
        for one in tree.this.expressions
        if isinstance(one, exp.ColumnDef) and one.kind is not None
    }


def _kinds(select: exp.Select, arguments: dict[str, exp.DataType], context: Any) -> _Kinds:
    def kind(column: exp.Column) -> exp.DataType | None:
        if not column.table and column.name.casefold() in arguments:
            return arguments[column.name.casefold()]
        above: exp.Expr | None = select
        while above is not None:
            if isinstance(above, exp.Select):
                for source in _sources(above):
                    is_it = not column.table or column.table == source.alias_or_name
                    found = _column(source, column.name, above, context) if is_it else None
                    if found is not None:
                        return found
            above = above.parent
        return None

    return kind


def _column(source: exp.Expr, name: str, select: exp.Select, context: Any) -> exp.DataType | None:
    found = (_columns(source, select, context) or {}).get(name.casefold())
    if found is None:
        return None
    if isinstance(found, TableFieldSchema):
        return exp.DataType.build(bigquery_type(found), dialect="bigquery")
    return _parsed(found)


def _columns(source: exp.Expr, select: exp.Select, context: Any) -> dict[str, Any] | None:
    """Columns by their names in small letters; None where nobody knows them."""
    listed = _listed(source, context)
    if listed is not None:
        return {(field.name or "").casefold(): field for field in listed}
    found = probes.columns(source, select, context)
    return None if found is None else {name.casefold(): kind for name, kind in found.items()}


def _listed(source: exp.Expr, context: Any) -> list[TableFieldSchema] | None:
    if not isinstance(source, exp.Table) or not isinstance(source.this, exp.Identifier):
        return None
    if not source.db and context.dataset_id is None:
        return None
    path = names.reference(source, context.project_id, context.dataset_id)
    try:
        return tables.columns(*path)
    except (BigQueryError, duckdb.Error):
        # A name of WITH, a temporary table, or one that is not there; its reader says so.
        return None


def _named(
    select: exp.Select,
    unnest: exp.Unnest,
    alias: exp.TableAlias | None,
    fields: list[str] | None,
    scope: tuple[set[str], Any],
) -> None:
    """Write `element.field` for each bare name of a field in this query.

    Without a list, each name that is no argument is one: of an argument ANY TYPE in a function.
    """
    arguments, context = scope
    others = _others(select, unnest, context)
    if others is None:
        # Whose name it is, only DuckDB can find out.
        return
    columns = alias.columns if alias is not None else []
    name = columns[0].name if columns else alias.name if alias is not None else ""
    if not name:
        name = f"_element{next(_numbers)}"
        unnest.set("alias", exp.TableAlias(columns=[exp.to_identifier(name)]))
    known = None if fields is None else {field.casefold(): field for field in fields}
    taken = arguments | {name.casefold()} | others
    for column in list(select.find_all(exp.Column)):
        if not isinstance(column.this, exp.Identifier) or column.table:
            continue
        # A query within this one has names of its own.
        if column.find_ancestor(exp.Unnest) is unnest or column.parent_select is not select:
            continue
        field = column.name if known is None else known.get(column.name.casefold())
        if field is None or column.name.casefold() in taken:
            continue
        place = exp.column(exp.to_identifier(field), table=name)
        if isinstance(column.parent, exp.Select) and column.arg_key == "expressions":
            column.replace(exp.alias_(place, column.name))
        else:
            column.replace(place)
    stars = [one for one in select.expressions if isinstance(one, exp.Star)]
    for star in stars if known is not None else []:
        if not any(star.args.values()) and len(list(_sources(select))) == 1:
            offset = unnest.args.get("offset")
            spread: list[exp.Expr] = [exp.Explode(this=exp.column(name))]
            if isinstance(offset, exp.Identifier):
                spread.append(exp.column(offset.copy()))
            at = select.expressions.index(star)
            select.set(
                "expressions",
                [*select.expressions[:at], *spread, *select.expressions[at + 1 :]],
            )


def _others(select: exp.Select, unnest: exp.Unnest, context: Any) -> set[str] | None:
    """Names that other sources of the query give; None where they are not to be seen."""
    found: set[str] = set()
    for source in _sources(select):
        if source is unnest:
            continue
        if isinstance(source, exp.Unnest):
            alias = source.args.get("alias")
            found |= {one.name.casefold() for one in (alias.columns if alias else [])}
            continue
        columns = _columns(source, select, context)
        if columns is None:
            return None
        found |= columns.keys()
    offset = unnest.args.get("offset")
    if isinstance(offset, exp.Identifier):
        found.add(offset.name.casefold())
    return found
