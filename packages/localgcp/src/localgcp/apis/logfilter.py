"""The Logging query language: text to a predicate over log entries.

Covered: comparisons (= != > >= < <= : =~ !~), quoted and bare values, value
groups such as severity=(ERROR OR CRITICAL), AND OR NOT and minus, juxtaposition
as AND, text found anywhere, log_id(), SEARCH(), sample(), comments. Not covered:
ip_in_net(), cast() and regular expressions beyond what Python's `re` shares with
RE2. As in Google's language NOT binds tightest, then OR, then AND.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from .api_errors import invalid
from .clock import parse_rfc3339

Entry = dict[str, Any]
Predicate = Callable[[Entry], bool]

SEVERITIES = (
    "DEFAULT", "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY",
)  # fmt: skip
_TIMES = {"timestamp", "receiveTimestamp"}
_TOKEN = re.compile(
    r"""\s*(?:--[^\n]*\s*)*(?:
      (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<op>>=|<=|!=|=~|!~|[=<>:])
    | (?P<mark>[(),.])
    | (?P<minus>-(?=[A-Za-z_("']))
    | (?P<word>[^\s"'()=<>!:,.~]+)
    | (?P<end>$)
    )""",
    re.VERBOSE,
)
# Other backslashes stay: in a pattern "\d" means what it says.
_ESCAPE = re.compile(r"""\\([\\"'])""")


@lru_cache(maxsize=512)
def parse(text: str) -> Predicate:
    """The predicate of a filter; everything passes an empty one.

    Raises ApiError 400 for text that is not a filter.
    """
    return _Parser(text).parse()


def severity_rank(entry: Entry) -> int:
    return SEVERITIES.index(entry.get("severity", "DEFAULT"))


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(_tokens(text))
        self._position = 0

    def parse(self) -> Predicate:
        if self._peek()[0] == "end":
            return lambda entry: True
        result = self._and()
        if self._peek()[0] != "end":
            raise self._error()
        return result

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._position]

    def _next(self) -> tuple[str, str]:
        token = self._tokens[self._position]
        self._position += 1
        return token

    def _take(self, kind: str, value: str) -> bool:
        if self._peek() == (kind, value):
            self._position += 1
            return True
        return False

    def _error(self) -> Exception:
        shown = self._peek()[1] or "the end"
        return invalid(f"Unparseable filter: syntax error at '{shown}' in: {self._text}", "filter")

    def _and(self) -> Predicate:
        parts = [self._or()]
        while self._peek()[0] != "end" and self._peek() != ("mark", ")"):
            self._take("word", "AND")
            parts.append(self._or())
        return parts[0] if len(parts) == 1 else lambda entry: all(part(entry) for part in parts)

    def _or(self) -> Predicate:
        parts = [self._not()]
        while self._take("word", "OR"):
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else lambda entry: any(part(entry) for part in parts)

    def _not(self) -> Predicate:
        if self._take("word", "NOT") or self._take("minus", "-"):
            inner = self._not()
            return lambda entry: not inner(entry)
        if self._take("mark", "("):
            inner = self._and()
            if not self._take("mark", ")"):
                raise self._error()
            return inner
        return self._term()

    def _term(self) -> Predicate:
        path = self._path()
        if self._peek() == ("mark", "(") and len(path) == 1:
            return self._function(path[0])
        if self._peek()[0] != "op":
            return _anywhere(".".join(path))
        operator = self._next()[1]
        return self._values(path, operator)

    def _path(self) -> list[str]:
        parts = [self._name()]
        while self._take("mark", "."):
            parts.append(self._name())
        return parts

    def _name(self) -> str:
        kind, value = self._peek()
        if kind not in ("word", "string") or value in ("AND", "OR", "NOT"):
            raise self._error()
        self._position += 1
        return value

    def _values(self, path: list[str], operator: str) -> Predicate:
        """One value, or a group of values in parentheses joined by AND and OR."""
        if not self._take("mark", "("):
            return _comparison(path, operator, ".".join(self._path()))
        parts = [[self._values(path, operator)]]
        while not self._take("mark", ")"):
            if self._take("word", "OR"):
                parts[-1].append(self._values(path, operator))
            else:
                self._take("word", "AND")
                parts.append([self._values(path, operator)])
        return lambda entry: all(any(one(entry) for one in some) for some in parts)

    def _function(self, name: str) -> Predicate:
        self._position += 1
        arguments: list[str] = []
        while not self._take("mark", ")"):
            arguments.append(".".join(self._path()))
            self._take("mark", ",")
        if name == "log_id" and len(arguments) == 1:
            ending = "/logs/" + quote(arguments[0], safe="")
            return lambda entry: entry["logName"].endswith(ending)
        if name.upper() == "SEARCH" and len(arguments) in (1, 2):
            return _search(arguments)
        if name == "sample" and len(arguments) == 2:
            share = float(arguments[1])
            return lambda entry: zlib.crc32(entry["insertId"].encode()) < share * 2**32
        raise invalid(f"Unparseable filter: unsupported function {name}()", "filter")


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    position = 0
    while True:
        found = _TOKEN.match(text, position)
        if found is None or found.lastgroup is None:
            rest = text[position:].strip()
            raise invalid(f"Unparseable filter: unexpected '{rest[:20]}' in: {text}", "filter")
        value = found[found.lastgroup]
        if found.lastgroup == "string":
            value = _ESCAPE.sub(r"\1", value[1:-1]) if "\\" in value else value[1:-1]
        yield found.lastgroup, value
        if found.lastgroup == "end":
            return
        position = found.end()


def lookup(entry: Entry, path: list[str]) -> list[Any]:
    """Values at a path; lists along the way are looked through, missing is []."""
    level: list[Any] = [entry]
    for name in path:
        following: list[Any] = []
        for value in level:
            if isinstance(value, dict) and name in value:
                child = value[name]
                following.extend(child if isinstance(child, list) else [child])
        level = following
    return level


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for child in value.values():
            yield from _leaves(child)
    elif isinstance(value, list):
        for child in value:
            yield from _leaves(child)
    else:
        yield _text(value)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _anywhere(wanted: str) -> Predicate:
    needle = wanted.casefold()
    return lambda entry: any(needle in leaf.casefold() for leaf in _leaves(entry))


def _search(arguments: list[str]) -> Predicate:
    words = re.findall(r"\w+", arguments[-1].casefold())
    path = arguments[0].split(".") if len(arguments) == 2 else []

    def matches(entry: Entry) -> bool:
        text = " ".join(leaf for value in lookup(entry, path) for leaf in _leaves(value))
        return set(words) <= set(re.findall(r"\w+", text.casefold()))

    return matches


def _comparison(path: list[str], operator: str, wanted: str) -> Predicate:
    if operator == ":" and wanted == "*":
        return lambda entry: bool(lookup(entry, path))
    if operator in ("=~", "!~"):
        try:
            pattern = re.compile(wanted)
        except re.error as error:
            raise invalid(f"Unparseable filter: bad regular expression: {error}") from None
        hit = operator == "=~"
        return lambda entry: any(
            bool(pattern.search(_text(value))) is hit for value in lookup(entry, path)
        )
    if operator == ":":
        needle = wanted.casefold()
        return lambda entry: any(
            needle in leaf.casefold() for value in lookup(entry, path) for leaf in _leaves(value)
        )
    compare = _COMPARE[operator]
    key = _key(path, wanted)
    bound = key(wanted)

    def matches(entry: Entry) -> bool:
        # A comparison with a missing field is false, != included.
        values = lookup(entry, path) or (["DEFAULT"] if path == ["severity"] else [])
        return any(
            actual is not None and type(actual) is type(bound) and compare(actual, bound)
            for actual in map(key, values)
        )

    return matches


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def _key(path: list[str], wanted: str) -> Callable[[Any], Any]:
    """How values at `path` are compared with the text `wanted`."""
    if path == ["severity"]:
        if wanted.upper() not in SEVERITIES:
            raise invalid(f"Unparseable filter: unknown severity '{wanted}'", "filter")
        return lambda value: SEVERITIES.index(str(value).upper())
    if path[-1] in _TIMES:
        return _moment
    if _number(wanted) is not None:
        return _number
    return lambda value: _text(value).casefold()


def _number(value: Any) -> float | None:
    try:
        return None if isinstance(value, (bool, dict)) else float(value)
    except (TypeError, ValueError):
        return None


def _moment(value: Any) -> datetime:
    text = str(value)
    try:
        if len(text) == len("2024-01-01"):
            return datetime.fromisoformat(text).replace(tzinfo=UTC)
        return parse_rfc3339(text)
    except ValueError:
        raise invalid(f"Unparseable filter: '{text}' is not a timestamp", "filter") from None
