"""GoogleSQL that sqlglot, the parser of local-bigquery, does not read.

Spellings of what it can say in other words are translated here; what the local BigQuery cannot do
is refused by name, since a syntax error would send people looking for a mistake of their own.
https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from local_bigquery.engine import database
from local_bigquery.jobs import merge
from local_bigquery.sql import rules
from local_bigquery.sql.dialect import BigQueryDialect, macro
from local_bigquery.sql.rules import safe
from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from localgcp.bigquery import pipe_syntax, respelling, unsupported

_Parser = BigQueryDialect.Parser
_MACROS = Path(__file__).parent / "macros.sql"
# Of an expression of WITH: evaluated once on Google, as often as it is named here.
_VOLATILE = (exp.Rand, exp.Uuid)


def install() -> None:
    """Teach the parser; it is one class for all of local-bigquery."""
    database.FUNCTIONS.append(_MACROS)
    _Parser._parse = _parsing(_Parser._parse)
    _Parser._parse_with = _with(_Parser._parse_with)
    _Parser._parse_type = _type(_Parser._parse_type)
    _Parser._parse_types = _types(_Parser._parse_types)
    _Parser._parse_struct_types = _field(_Parser._parse_struct_types)
    _Parser._parse_constraint = _constraint(_Parser._parse_constraint)
    _Parser.RANGE_PARSERS = {
        **_Parser.RANGE_PARSERS,
        TokenType.LIKE: _like(_Parser.RANGE_PARSERS[TokenType.LIKE]),
    }
    _Parser.PIPE_SYNTAX_TRANSFORM_PARSERS = {
        **_Parser.PIPE_SYNTAX_TRANSFORM_PARSERS,
        **pipe_syntax.PARSERS,
    }
    _Parser.FUNCTIONS = {
        **_Parser.FUNCTIONS,
        "CONTAINS_SUBSTR": _contains_substr,
        "SEARCH": _search,
    }
    merge.run = _merging(merge.run)
    rules.STATEMENT_RULES[:0] = [by_name, returned_table, first_values]
    position = rules.NODE_RULES.index(safe.safe_function)
    rules.NODE_RULES[position] = _safe_function


# Tokens -----------------------------------------------------------------------------------


def _parsing(parse: Callable[..., Any]) -> Callable[..., Any]:
    def parsed(
        self: Any, parse_method: Any, raw_tokens: list[Token], sql: str | None = None
    ) -> Any:
        return parse(self, parse_method, respelling.respelled(list(raw_tokens)), sql)

    return parsed


# Expressions and types --------------------------------------------------------------------


def _is_with_expression(self: Any) -> bool:
    return bool(self._match_pair(TokenType.WITH, TokenType.L_PAREN, advance=False))


def _with(parse_with: Callable[..., Any]) -> Callable[..., Any]:
    def parsed(self: Any, skip_with_token: bool = False) -> Any:
        if not skip_with_token and _is_with_expression(self):
            return None
        return parse_with(self, skip_with_token=skip_with_token)

    return parsed


def _type(parse_type: Callable[..., Any]) -> Callable[..., Any]:
    def parsed(self: Any, *arguments: Any, **options: Any) -> Any:
        if self._curr and _is_with_expression(self):
            return self._parse_column_ops(_with_expression(self))
        return parse_type(self, *arguments, **options)

    return parsed


def _with_expression(self: Any) -> exp.Expr:
    """WITH(x AS a, y AS x + 1, y * 2): the last one, with what the names stand for."""
    start = self._curr
    self._advance(2)
    named: dict[str, exp.Expr] = {}
    while self._next and self._next.token_type == TokenType.ALIAS:
        name = self._parse_id_var()
        self._match(TokenType.ALIAS)
        inner = exp.Paren(this=_filled(self._parse_disjunction(), named))
        if inner.find(*_VOLATILE):
            raise unsupported.error("RAND or GENERATE_UUID within WITH(...)", start)
        named[name.name.casefold()] = inner
        if not self._match(TokenType.COMMA):
            self.raise_error("Expecting , behind a variable of WITH")
    value = self._parse_disjunction()
    self._match_r_paren()
    return exp.Paren(this=_filled(value, named))


def _filled(value: exp.Expr, named: dict[str, exp.Expr]) -> exp.Expr:
    def fill(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column):
            if not node.table and node.name.casefold() in named:
                return named[node.name.casefold()].copy()
            if node.table and not node.db and node.table.casefold() in named:
                return exp.Dot(this=named[node.table.casefold()].copy(), expression=node.this)
        return node

    return value.transform(fill)


def _types(parse_types: Callable[..., Any]) -> Callable[..., Any]:
    """ARRAY<STRING NOT NULL> is a type; DuckDB has no such elements."""

    def parsed(self: Any, *arguments: Any, **options: Any) -> Any:
        found = parse_types(self, *arguments, **options)
        inside = found is not None and self._curr and self._curr.token_type == TokenType.NOT
        if inside and _closes(self):
            self._advance(2)
        return found

    return parsed


def _closes(self: Any) -> bool:
    following = self._tokens[self._index + 1 : self._index + 3]
    return (
        len(following) == 2
        and following[0].token_type == TokenType.NULL
        and following[1].token_type == TokenType.GT
    )


def _field(parse_field: Callable[..., Any]) -> Callable[..., Any]:
    """STRUCT<a STRING NOT NULL>: the constraint is recorded by REST, and kept by nobody."""

    def parsed(self: Any, *arguments: Any, **options: Any) -> Any:
        found = parse_field(self, *arguments, **options)
        if isinstance(found, exp.ColumnDef) and found.args.get("constraints"):
            found.set("constraints", None)
        return found

    return parsed


def _constraint(parse_constraint: Callable[..., Any]) -> Callable[..., Any]:
    """A column may be called `constraint`."""

    def parsed(self: Any) -> Any:
        behind = self._tokens[self._index + 2 : self._index + 3]
        if self._curr.token_type == TokenType.CONSTRAINT and not (
            behind and behind[0].token_type in (TokenType.PRIMARY_KEY, TokenType.FOREIGN_KEY)
        ):
            return None
        return parse_constraint(self)

    return parsed


def _like(parse_like: Callable[..., Any]) -> Callable[..., Any]:
    """LIKE ANY, SOME and ALL; NOT belongs to each of the comparisons."""

    def parsed(self: Any, this: exp.Expr) -> exp.Expr:
        negated = self._tokens[self._index - 2].token_type == TokenType.NOT
        if self._match_texts(("ANY", "SOME")):
            word, is_any = "ANY", True
        elif self._match_texts(("ALL",)):
            word, is_any = "ALL", False
        else:
            return parse_like(self, this)

        def one(pattern: exp.Expr) -> exp.Expr:
            like = exp.Like(this=this.copy(), expression=pattern)
            return exp.Not(this=like) if negated else like

        if unnest := self._parse_unnest(with_alias=False):
            name = exp.to_identifier("_pattern")
            each = exp.Lambda(this=one(exp.column(name.copy())), expressions=[name])
            [array] = unnest.expressions
            made: exp.Expr = macro(f"_{word.lower()}", exp.func("list_transform", array, each))
        else:
            patterns = self._parse_wrapped_csv(self._parse_bitwise)
            combine = exp.or_ if is_any else exp.and_
            made = exp.paren(combine(*map(one, patterns), copy=False), copy=False)
        # The parser puts a NOT around what comes back.
        return exp.paren(exp.Not(this=made), copy=False) if negated else made

    return parsed


def _contains_substr(arguments: list[exp.Expr]) -> exp.Expr:
    if len(arguments) > 2:
        raise unsupported.error("json_scope of CONTAINS_SUBSTR")
    return macro("_contains_substr", *arguments)


def _search(arguments: list[exp.Expr]) -> exp.Expr:
    plain = [one for one in arguments if not isinstance(one, exp.Kwarg)]
    options = {
        one.this.name.lower(): one.expression for one in arguments if isinstance(one, exp.Kwarg)
    }
    analyzer = options.pop("analyzer", None)
    if options:
        raise unsupported.error(f"{', '.join(sorted(options))} of SEARCH")
    match analyzer.name.upper() if analyzer is not None else "LOG_ANALYZER":
        case "LOG_ANALYZER":
            return macro("search", *plain)
        case "NO_OP_ANALYZER":
            return macro("_search_whole", *plain)
        case other:
            raise unsupported.error(f"the analyzer {other} of SEARCH")


def _safe_function(node: exp.Expr, context: Any) -> exp.Expr:
    """local-bigquery calls what it hands to the function `s`, which a column may be called too."""
    made = safe.safe_function(node, context)
    if made is not node and (inner := made.find(exp.Lambda)) is not None:
        for name in list(inner.find_all(exp.Identifier)):
            is_own = name.parent is inner or name.arg_key == "table"
            if name.this == "s" and is_own:
                name.set("this", "_safe")
    return made


# Queries ----------------------------------------------------------------------------------


def by_name(tree: exp.Expr, context: Any) -> exp.Expr:
    """DuckDB's UNION BY NAME is the one that BigQuery calls FULL OUTER."""
    del context
    for union in tree.find_all(exp.SetOperation):
        if union.args.get("by_name") and (union.args.get("side") or "").upper() == "FULL":
            union.set("side", None)
            union.set("kind", None)
    return tree


def first_values(tree: exp.Expr, context: Any) -> exp.Expr:
    """ARRAY_AGG(x IGNORE NULLS ORDER BY y LIMIT n): the limit is of what is not NULL."""
    del context
    for node in list(tree.find_all(exp.IgnoreNulls)):
        array = node.this
        limit = array.this if isinstance(array, exp.ArrayAgg) else None
        if isinstance(limit, exp.Limit):
            ordered = exp.IgnoreNulls(this=exp.ArrayAgg(this=limit.this.copy()))
            first = exp.Literal.number(1)
            node.replace(exp.func("list_slice", ordered, first, limit.expression.copy()))
    return tree


def _merging(run: Callable[..., Any]) -> Callable[..., Any]:
    """MERGE from a query that has no alias, and INSERT VALUES without a list of columns."""

    def merged(cur: Any, tree: exp.Merge, context: Any) -> Any:
        tree = tree.copy()
        source = tree.args["using"]
        if not source.alias_or_name:
            source.set("alias", exp.TableAlias(this=exp.to_identifier("_source")))
        for insert in tree.args["whens"].find_all(exp.Insert):
            # sqlglot reads the values as a call of a function in the place of the columns.
            listed = insert.this.expressions if isinstance(insert.this, exp.Tuple) else []
            if len(listed) == 1 and listed[0].name.upper() == "VALUES" and not insert.expression:
                insert.set("expression", exp.Tuple(expressions=listed[0].expressions))
                insert.set("this", None)
        return run(cur, tree, context)

    return merged


def returned_table(tree: exp.Expr, context: Any) -> exp.Expr:
    """The columns that RETURNS TABLE<...> promises, of the query behind it."""
    del context
    if not isinstance(tree, exp.Create) or tree.args.get("kind") != "FUNCTION":
        return tree
    returns = tree.find(exp.ReturnsProperty)
    if returns is None or not returns.args.get("is_table"):
        return tree
    body = tree.expression
    query = body if isinstance(body, exp.Subquery) else exp.Subquery(this=body)
    columns = [
        exp.alias_(exp.cast(exp.column(one.this.copy()), one.kind.copy()), one.this.copy())
        for one in returns.this.expressions
    ]
    query.set("alias", exp.TableAlias(this=exp.to_identifier("_promised")))
    tree.set("expression", exp.Subquery(this=exp.select(*columns).from_(query)))
    tree.meta["table_function"] = True
    returns.pop()
    return tree
