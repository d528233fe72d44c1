"""What was found in SQL that has not changed, nor anything that it can see.

A result depends on the text of an object, on the texts of all that it mentions, directly or
not, on the settings that both were rendered with, and on this program: all of it goes into
the key, so a result is never stale, and one folder serves every clone and stack of a user.
A run without a change finds everything here and does not even load the analyser.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path

from bqstack.analysis.findings import Note
from bqstack.analysis.source import Source
from bqstack.analysis.user_cache import Kept, cache_folder
from bqstack.unchecked import JsonObject

_WORD = re.compile(r"\w+")
# Comments and texts, in which a name refers to nothing; what is quoted as a name stays.
_NO_REFERENCE = re.compile(
    r"(?P<kept>`[^`]*`)|--[^\n]*|\#[^\n]*|/\*.*?\*/"
    r"|'''(?:\\.|[^\\])*?'''|\"\"\"(?:\\.|[^\\])*?\"\"\""
    r"|'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\"",
    re.DOTALL,
)


@dataclass(frozen=True)
class Shape:
    """What others can refer to: columns of a view or table function, result of a function.

    Types are the analyser's own messages, serialised, as hexadecimal text.
    """

    columns: dict[str, str] = field(default_factory=dict)
    partition: str | None = None
    keys: list[list[str]] = field(default_factory=list)
    returns: str | None = None
    by_place: list[str] = field(default_factory=list)
    """Tables whose own order the columns are in."""


@dataclass(frozen=True)
class Outcome:
    """Result of checking one text without a mistake.

    `allowed` are lines of allow comments that were used; `shape` is None where the file
    itself declares what others see.
    """

    notes: list[Note]
    statements: int
    allowed: list[int]
    shape: Shape | None = None


class Memory:
    """Outcomes of earlier runs."""

    def __init__(self) -> None:
        self._kept = Kept(cache_folder() / "analysis")

    def get(self, key: str) -> Outcome | None:
        """Outcome of this key, if there is one."""
        text = self._kept.get(f"{key}.json")
        try:
            return None if text is None else _outcome(json.loads(text))
        except (ValueError, KeyError, TypeError):
            return None  # nothing is lost but time

    def put(self, key: str, outcome: Outcome) -> None:
        """Remember an outcome."""
        self._kept.put(f"{key}.json", json.dumps(asdict(outcome), default=str))

    def forget_old(self) -> None:
        """Delete what nobody has asked for in a month."""
        self._kept.forget_old()


def _outcome(found: JsonObject) -> Outcome:
    return Outcome(
        notes=[Note(**{**note, "file": Path(note["file"])}) for note in found["notes"]],
        statements=found["statements"],
        allowed=found["allowed"],
        shape=Shape(**found["shape"]) if found["shape"] else None,
    )


class Content:
    """Keys of texts by what they, and all that they mention, consist of."""

    def __init__(self, sources: Mapping[str, Source], world: Iterable[str]) -> None:
        """`sources` are all objects by name, `world` what else the analyser is reported."""
        self._own: dict[str, bytes] = {}
        for name, source in sources.items():
            self._own[name.lower()] = self._own.get(name.lower(), b"") + _digest(source)
        self._odd = {name for name in self._own if not _WORD.fullmatch(name)}
        self._mentioned: dict[str, set[str]] = {}
        for name, source in sources.items():
            self._mentioned.setdefault(name.lower(), set()).update(self._names(source.sql))
        self._base = hashlib.sha256(b"\0".join([_program(), *(w.encode() for w in world)]))

    def key(self, source: Source) -> str:
        """Key of one text."""
        digest = self._base.copy()
        digest.update(_digest(source))
        for name in sorted(self._closure(source.sql)):
            digest.update(name.encode() + b"\0" + self._own[name])
        return digest.hexdigest()

    def _names(self, sql: str) -> set[str]:
        """Objects whose name stands in the text outside of comments and literal texts."""
        text = _NO_REFERENCE.sub(lambda found: found["kept"] or " ", sql.lower())
        return (self._own.keys() & set(_WORD.findall(text))) | {n for n in self._odd if n in text}

    def _closure(self, sql: str) -> set[str]:
        found: set[str] = set()
        waiting = list(self._names(sql))
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting.extend(self._mentioned[name])
        return found


def _digest(source: Source) -> bytes:
    parts = (source.path.as_posix(), source.text, source.sql)
    return hashlib.sha256("\0".join(parts).encode()).digest()


@cache
def _program() -> bytes:
    """The versions of Google's analyser and of our own code around it."""
    package = Path(__file__).parent
    files = sorted([*package.glob("*.py"), *(package.parent / "catalogue").glob("*.py")])
    texts = [file.read_bytes() for file in files]
    return hashlib.sha256(b"\0".join([version("zetasql").encode(), *texts])).digest()
