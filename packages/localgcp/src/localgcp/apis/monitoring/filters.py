"""Monitoring filters: text to a predicate over time series.

https://cloud.google.com/monitoring/api/v3/filters: comparisons (= != :) of metric.type,
metric.labels.KEY, resource.type, resource.labels.KEY and project; the functions starts_with,
ends_with, has_substring, one_of and monitoring.regex.full_match; AND, OR, NOT, minus and
parentheses. AND may be left out. What is not listed (groups, metadata, < and >) is refused, and
so is a mixture of AND and OR without parentheses, which is read differently by different people.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from ..api_errors import ApiError, invalid
from .samples import Stream

Test = Callable[[Stream], bool]
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<op>!=|[=:])
    | (?P<mark>[(),])
    | (?P<minus>-(?=[a-z(]))
    | (?P<word>[A-Za-z_][\w./-]*(?:(?<=\.)"(?:[^"\\]|\\.)*")?|\d+)
    | (?P<end>$)
    )""",
    re.VERBOSE,
)
_FIELD = re.compile(
    r"""(?P<root>metric|resource)\.(?:type|labels?\.(?P<quote>"?)(?P<key>[\w-]+)(?P=quote))"""
)


@dataclass(frozen=True)
class Filter:
    """A parsed filter: its test, and the metric types that it names."""

    matches: Test
    metrics: frozenset[str]


@lru_cache(maxsize=512)
def parse(text: str) -> Filter:
    """The filter in `text`.

    Raises ApiError 400 when it is no filter or names no metric type by `=`.
    """
    parser = _Parser(text)
    result = Filter(parser.parse(), frozenset(parser.metrics))
    if not result.metrics:
        raise invalid(
            "Field filter had an invalid value: The filter must specify a metric type, for"
            f' example metric.type = "...": {text}',
            "filter",
        )
    return result


def field_of(stream: Stream, field: str) -> str | None:
    """The value of a field such as resource.labels.config_id; None when it has none.

    Raises ApiError 400 for a name that is no field of a time series.
    """
    return _reader(field)(stream)


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(self._split())
        self._position = 0
        self.metrics: set[str] = set()

    def parse(self) -> Test:
        test = self._junction()
        if self._kind != "end":
            raise self._error()
        return test

    def _split(self) -> list[tuple[str, str]]:
        tokens: list[tuple[str, str]] = []
        position = 0
        while not tokens or tokens[-1][0] != "end":
            found = _TOKEN.match(self._text, position)
            if found is None or found.lastgroup is None:
                raise self._error(self._text[position:].strip()[:20])
            tokens.append((found.lastgroup, found[found.lastgroup]))
            position = found.end()
        return tokens

    @property
    def _kind(self) -> str:
        return self._tokens[self._position][0]

    def _take(self, *values: str) -> bool:
        if self._kind not in ("string", "end") and self._tokens[self._position][1] in values:
            self._position += 1
            return True
        return False

    def _next(self, kind: str) -> str:
        if self._kind != kind:
            raise self._error()
        value = self._tokens[self._position][1]
        self._position += 1
        return re.sub(r"\\(.)", r"\1", value[1:-1]) if kind == "string" else value

    def _error(self, shown: str | None = None) -> ApiError:
        shown = shown if shown is not None else self._tokens[self._position][1] or "the end"
        return invalid(
            f"Field filter had an invalid value: Could not parse at '{shown}': {self._text}",
            "filter",
        )

    def _junction(self) -> Test:
        tests, words = [self._not()], set()
        while self._kind != "end" and self._tokens[self._position] != ("mark", ")"):
            if self._take("OR"):
                words.add("OR")
            else:
                self._take("AND")
                words.add("AND")
            tests.append(self._not())
        if len(words) > 1:
            raise self._error("OR")
        if len(tests) == 1:
            return tests[0]
        if words == {"OR"}:
            return lambda one: any(test(one) for test in tests)
        return lambda one: all(test(one) for test in tests)

    def _not(self) -> Test:
        if self._take("NOT", "-"):
            inner = self._not()
            return lambda one: not inner(one)
        if self._take("("):
            test = self._junction()
            if not self._take(")"):
                raise self._error()
            return test
        return self._comparison()

    def _comparison(self) -> Test:
        field = self._next("word")
        read = _reader(field)
        operator = self._next("op")
        wanted = self._value()
        if field == "metric.type" and operator == "=":
            self.metrics |= wanted.exact
        if operator == ":":
            if len(wanted.exact) != 1:
                raise self._error(":")
            (part,) = wanted.exact
            return lambda one: part in (read(one) or "")
        equal = operator == "="
        # A label that a series does not have reads as empty.
        return lambda one: wanted.test(read(one) or "") is equal

    def _value(self) -> _Value:
        if self._kind == "string":
            text = self._next("string")
            return _Value(lambda value: value == text, frozenset({text}))
        name = self._next("word")
        if not self._take("("):
            return _Value(lambda value: value == name, frozenset({name}))
        arguments = [self._next("string")]
        while self._take(","):
            arguments.append(self._next("string"))
        if not self._take(")"):
            raise self._error()
        return self._function(name, arguments)

    def _function(self, name: str, arguments: list[str]) -> _Value:
        if name == "one_of":
            return _Value(lambda value: value in arguments, frozenset(arguments))
        if len(arguments) != 1:
            raise self._error(name)
        (text,) = arguments
        if name == "monitoring.regex.full_match":
            try:
                pattern = re.compile(text)
            except re.error:
                raise self._error(text) from None
            return _Value(lambda value: pattern.fullmatch(value) is not None)
        tests = {
            "starts_with": lambda value: value.startswith(text),
            "ends_with": lambda value: value.endswith(text),
            "has_substring": lambda value: text in value,
        }
        if name not in tests:
            raise self._error(name)
        return _Value(tests[name])


@dataclass(frozen=True)
class _Value:
    """The right side of a comparison; `exact` are the texts that it equals, if it lists them."""

    test: Callable[[str], bool]
    exact: frozenset[str] = frozenset()


@lru_cache(maxsize=512)
def _reader(field: str) -> Callable[[Stream], str | None]:
    if field == "project":
        return lambda one: one.resource_labels.get("project_id")
    found = _FIELD.fullmatch(field)
    if found is None:
        raise invalid(f"Field filter had an invalid value: Unknown field '{field}'.", "filter")
    key = found["key"]
    if found["root"] == "metric":
        return (lambda one: one.metric) if key is None else (lambda one: one.metric_labels.get(key))
    if key is None:
        return lambda one: one.resource
    return lambda one: one.resource_labels.get(key)
