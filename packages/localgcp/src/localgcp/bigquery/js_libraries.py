"""JavaScript files that a function names: OPTIONS (library = ['gs://bucket/file.js']).

local-bigquery 0.4.0 keeps the names and runs the function without the files.
https://cloud.google.com/bigquery/docs/user-defined-functions#including-javascript-libraries
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from local_bigquery.engine import database
from local_bigquery.errors import not_found
from local_bigquery.jobs.storage import paths
from local_bigquery.sql import js
from local_bigquery.sql.dialect import BigQueryDialect
from sqlglot import exp

_LINE = re.compile(r"(?<= line )\d+")
# Lines of the libraries that stand before a body, by the function's name and types.
_before: dict[str, int] = {}


def install() -> None:
    """Read the files when a function is made, and again when the server starts."""
    js.register = _with_libraries(js.register)
    js._error = _in_the_body(js._error)


def _with_libraries(register: Callable[[exp.Expr], str]) -> Callable[[exp.Expr], str]:
    def registered(tree: exp.Expr) -> str:
        libraries = "".join(f"{_text(uri)}\n" for uri in _libraries(tree))
        _before[_signature(tree)] = libraries.count("\n")
        if libraries:
            tree = tree.copy()
            # In the function, where constants and classes are seen and no name meets others.
            tree.set("expression", exp.Literal.string(libraries + tree.expression.name))
        return register(tree)

    return registered


def _signature(tree: exp.Expr) -> str:
    """As the emulator names the function in an error."""
    types = ", ".join(one.kind.sql(dialect=BigQueryDialect) for one in js._params(tree))
    return f"{tree.this.this.name}({types})"


def _in_the_body(error_of: Callable[..., ValueError]) -> Callable[..., ValueError]:
    """An error counts the lines of the body."""

    def counted(error: Exception, signature: str) -> ValueError:
        lines = _before.get(signature, 0)
        text = str(error_of(error, signature))
        return ValueError(_LINE.sub(lambda found: str(max(1, int(found[0]) - lines)), text))

    return counted


def _libraries(tree: exp.Expr) -> Iterator[str]:
    for option in tree.find_all(exp.Property):
        if option.name.lower() == "library":
            for one in option.args["value"].find_all(exp.Literal):
                yield one.name


def _text(uri: str) -> str:
    try:
        with database.cursor() as cursor:
            [file] = paths(cursor, uri)
        return Path(file).read_text(encoding="utf-8")
    except OSError:
        raise not_found("URI", uri) from None
