"""Pipe operators that the parser of local-bigquery 0.4.0, sqlglot, does not read.

https://cloud.google.com/bigquery/docs/reference/standard-sql/pipe-syntax
"""

from __future__ import annotations

from typing import Any

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType


def _piped(self: Any, query: exp.Select, star: exp.Star) -> exp.Select:
    query.select(star, append=False, copy=False)
    return self._build_pipe_cte(query=query, expressions=[exp.Star()])


def _drop(self: Any, query: exp.Select) -> exp.Select:
    self._advance()
    return _piped(self, query, exp.Star(except_=self._parse_csv(self._parse_id_var)))


def _rename(self: Any, query: exp.Select) -> exp.Select:
    self._advance()

    def renaming() -> exp.Expr:
        before = self._parse_id_var()
        self._match(TokenType.ALIAS)
        return exp.alias_(exp.column(before), self._parse_id_var())

    return _piped(self, query, exp.Star(rename=self._parse_csv(renaming)))


def _set(self: Any, query: exp.Select) -> exp.Select:
    self._advance()

    def setting() -> exp.Expr:
        name = self._parse_id_var()
        if not self._match(TokenType.EQ):
            self.raise_error("Expecting = behind a column of SET")
        return exp.alias_(self._parse_expression(), name)

    return _piped(self, query, exp.Star(replace=self._parse_csv(setting)))


def _with(self: Any, query: exp.Select) -> exp.Select:
    added = self._parse_with()
    outer = query.args.get("with_")
    if outer is None:
        query.set("with_", added)
    else:
        outer.expressions.extend(added.expressions)
        outer.set("expressions", outer.expressions)
    return query


PARSERS = {"DROP": _drop, "RENAME": _rename, "SET": _set, "WITH": _with}
"""A parser by the operator's name, as sqlglot's PIPE_SYNTAX_TRANSFORM_PARSERS has them."""
