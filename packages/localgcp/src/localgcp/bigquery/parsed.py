"""Remembers what SQL texts say: a loop, a procedure and a schedule run the same ones often.

local-bigquery 0.4.0 parses a procedure with every call and an expression with every evaluation.
What a text says depends on nothing but the text, so it is kept. Callers get copies, which they may
change.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import sqlglot
from local_bigquery.jobs import merge, query
from local_bigquery.sql import script, translate
from local_bigquery.sql.dialect import BigQueryDialect
from sqlglot import exp

from localgcp.bigquery.catalog import Instead

_KEPT = 256
# Longer texts are rows somebody inserts, which come once.
_LONGEST = 10_000
_KEPT_SCRIPTS = 64
_LONGEST_SCRIPT = 60_000


def install() -> None:
    """Put the memory in front of the parsers of statements and scripts."""
    script.sqlglot = merge.sqlglot = Instead(sqlglot, parse_one=expression(sqlglot.parse_one))
    script.parse = query.parse = trees(translate.parse)
    script.parse_script = statements(script.parse_script)


def expression(parse: Callable[..., exp.Expr]) -> Callable[..., exp.Expr]:
    """`sqlglot.parse_one` for BigQuery's dialect."""
    kept = functools.lru_cache(_KEPT)(lambda sql: parse(sql, dialect=BigQueryDialect))

    def parsed(sql: str, **options: Any) -> exp.Expr:
        if len(sql) > _LONGEST or options != {"dialect": BigQueryDialect}:
            return parse(sql, **options)
        return kept(sql).copy()

    return parsed


def trees(parse: Callable[[str], list[exp.Expr]]) -> Callable[[str], list[exp.Expr]]:
    """`translate.parse`; what it raises is raised again, not kept."""
    kept = functools.lru_cache(_KEPT)(parse)

    def parsed(sql: str) -> list[exp.Expr]:
        return parse(sql) if len(sql) > _LONGEST else [tree.copy() for tree in kept(sql)]

    return parsed


def statements(
    parse: Callable[[str], list[script.Statement]],
) -> Callable[[str], list[script.Statement]]:
    """`script.parse_script`, whose statements nobody changes."""
    kept = functools.lru_cache(_KEPT_SCRIPTS)(parse)

    def parsed(sql: str) -> list[script.Statement]:
        return parse(sql) if len(sql) > _LONGEST_SCRIPT else list(kept(sql))

    return parsed
