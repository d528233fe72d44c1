"""JavaScript files that a function names: OPTIONS (library = ['gs://bucket/file.js']).

local-bigquery 0.4.0 keeps the names and runs the function without the files.
https://cloud.google.com/bigquery/docs/user-defined-functions#including-javascript-libraries
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

from local_bigquery.engine import database
from local_bigquery.errors import not_found
from local_bigquery.jobs.storage import paths
from local_bigquery.sql import js
from sqlglot import exp


def install() -> None:
    """Read the files when a function is made, and again when the server starts."""
    js.register = _with_libraries(js.register)


def _with_libraries(register: Callable[[exp.Expr], str]) -> Callable[[exp.Expr], str]:
    def registered(tree: exp.Expr) -> str:
        uris = list(_libraries(tree))
        if uris:
            tree = tree.copy()
            body = "".join(map(_loading, uris)) + tree.expression.name
            tree.set("expression", exp.Literal.string(body))
        return register(tree)

    return registered


def _libraries(tree: exp.Expr) -> Iterator[str]:
    for option in tree.find_all(exp.Property):
        if option.name.lower() == "library":
            for one in option.args["value"].find_all(exp.Literal):
                yield one.name


def _loading(uri: str) -> str:
    """A statement that runs a file once, in the line of the body's first: errors name its lines."""
    text = _text(uri)
    mark = f"globalThis.library_{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    return f"if (!{mark}) {{ (0, eval)({json.dumps(text)}); {mark} = true; }} "


def _text(uri: str) -> str:
    try:
        with database.cursor() as cursor:
            [file] = paths(cursor, uri)
        return Path(file).read_text(encoding="utf-8")
    except OSError:
        raise not_found("URI", uri) from None
