"""JSON functions over text that is no JSON.

BigQuery reads such a text until the value that is asked for is complete; what comes behind it
may be anything, and a mistake before it gives NULL. Strings may stand in single quotes, and a
comma may be the last in its list. Shown by the reader that Google publishes
(zetasql/common/json_parser.cc, JSONPathExtractor in zetasql/public/functions/json_internal.h);
local-bigquery 0.4.0 fails with an error of DuckDB's.
"""

from __future__ import annotations

import json
import re
from typing import Any

from local_bigquery.sql import native, rules
from local_bigquery.sql.dialect import macro
from sqlglot import exp

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_SPACE = re.compile(r"\s*", re.ASCII)
_OCTAL = re.compile(r"[0-7]{1,3}")
_HEX = {"u": 4, "x": 2}
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_WORDS = {"true": True, "false": False, "null": None}
_DEEPEST = 1000
_SCALARS = (exp.JSONExtract, exp.JSONExtractScalar)
_ARRAYS: dict[type[exp.Expr], str] = {
    exp.JSONExtractArray: "_json_array",
    exp.JSONValueArray: "_json_value_array",
}


def install() -> None:
    """Read text in this way wherever a JSON function does."""
    native.FUNCTIONS["_json_read"] = (read, ["VARCHAR", "VARCHAR"], "VARCHAR")
    rules.NODE_RULES.append(from_text)


def from_text(node: exp.Expr, context: Any) -> exp.Expr:
    """Give each JSON function a document, whatever its text is."""
    del context
    if isinstance(node, exp.Cast) and type(node.this) in (*_SCALARS, *_ARRAYS):
        # Of text, local-bigquery gives text back.
        inner = from_text(node.this, None)
        if type(node.this) in _ARRAYS:
            return exp.cast(inner, node.to)
        return exp.Cast(this=inner, to=node.to)
    if type(node) not in (*_SCALARS, *_ARRAYS) or node.meta.get("document"):
        return node
    path = node.args.get("expression")
    if path is not None and not isinstance(path, exp.JSONPath):
        return node
    steps = _steps(path)
    if steps is None:
        return node
    node.meta["document"] = True
    text = exp.Literal.string(json.dumps(steps))
    document = macro("_json_document", node.this.copy(), text)
    name = _ARRAYS.get(type(node))
    if name is None:
        node.set("this", document)
        return node
    whole = path.copy() if path is not None else exp.JSONPath(expressions=[exp.JSONPathRoot()])
    return macro(name, exp.JSONExtract(this=document, expression=whole))


def _steps(path: exp.JSONPath | None) -> list[str | int] | None:
    steps: list[str | int] = []
    for part in path.expressions if path is not None else []:
        if isinstance(part, exp.JSONPathRoot):
            continue
        if not isinstance(part, exp.JSONPathKey | exp.JSONPathSubscript):
            return None
        if not isinstance(part.this, str | int):
            return None
        steps.append(part.this)
    return steps


def read(text: str, path: str) -> str:
    """The document as far as it is read to find the path; empty where BigQuery gives NULL."""
    reader = _Reader(text, json.loads(path))
    try:
        reader.document()
    except _Broken:
        # A function of DuckDB's may not give NULL for what is not NULL.
        return ""
    except _Found:
        pass
    return json.dumps(reader.root)


class _Found(Exception):
    """The value that is asked for is complete."""


class _Broken(Exception):
    """The text is no JSON at this place."""


class _Reader:
    def __init__(self, text: str, path: list[str | int]) -> None:
        self.text, self.path = text, path
        self.at = 0
        self.root: Any = None
        self.place: list[str | int] = []

    def document(self) -> None:
        self.value(lambda value: setattr(self, "root", value))
        self.space()
        if self.at < len(self.text):
            raise _Broken

    def value(self, put: Any) -> None:
        self.space()
        sign = self.text[self.at : self.at + 1]
        if len(self.place) > _DEEPEST or not sign:
            raise _Broken
        if sign == "{":
            self.members(put)
        elif sign == "[":
            self.elements(put)
        elif sign in "\"'":
            put(self.string())
        elif sign in ",]":
            # Nothing between two commas is a null.
            put(None)
        else:
            put(self.scalar())
        if self.place == self.path:
            raise _Found

    def members(self, put: Any) -> None:
        made: dict[str, Any] = {}
        put(made)
        self.at += 1
        while not self.taken("}"):
            self.space()
            if self.text[self.at : self.at + 1] not in ("'", '"'):
                raise _Broken
            key = self.string()
            self.expect(":")
            # The first of two keys with one name is the one that is found.
            self.below(key, lambda value, key=key: made.setdefault(key, value))
            if not self.taken(","):
                self.expect("}")
                return

    def elements(self, put: Any) -> None:
        made: list[Any] = []
        put(made)
        self.at += 1
        while not self.taken("]"):
            self.below(len(made), made.append)
            if not self.taken(","):
                self.expect("]")
                return

    def below(self, step: str | int, put: Any) -> None:
        self.place.append(step)
        self.value(put)
        self.place.pop()

    def scalar(self) -> Any:
        for word, value in _WORDS.items():
            if self.text.startswith(word, self.at):
                self.at += len(word)
                return value
        number = _NUMBER.match(self.text, self.at)
        if number is None:
            raise _Broken
        self.at = number.end()
        return json.loads(number[0])

    def string(self) -> str:
        quote, found = self.text[self.at], ""
        self.at += 1
        while (sign := self.text[self.at : self.at + 1]) != quote:
            if not sign or (sign == "\\" and self.at + 1 >= len(self.text)):
                raise _Broken
            self.at += 1
            found += self.escaped() if sign == "\\" else sign
        self.at += 1
        return found

    def escaped(self) -> str:
        sign = self.text[self.at]
        if octal := _OCTAL.match(self.text, self.at):
            self.at = octal.end()
            return chr(int(octal[0], 8))
        self.at += 1
        if sign not in _HEX:
            return _ESCAPES.get(sign, sign)
        digits = self.text[self.at : self.at + _HEX[sign]]
        self.at += _HEX[sign]
        try:
            return chr(int(digits, 16)) if len(digits) == _HEX[sign] else _broken()
        except ValueError:
            raise _Broken from None

    def space(self) -> None:
        # It matches the empty text, so always.
        self.at = _SPACE.match(self.text, self.at).end()  # type: ignore[union-attr]

    def taken(self, sign: str) -> bool:
        self.space()
        if self.text[self.at : self.at + 1] != sign:
            return False
        self.at += 1
        return True

    def expect(self, sign: str) -> None:
        if not self.taken(sign):
            raise _Broken


def _broken() -> str:
    raise _Broken
