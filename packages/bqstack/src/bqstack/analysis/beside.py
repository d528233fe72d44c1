"""Files beside sql/ that hold SQL, too: the program reads them, the analyser checks them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from bqstack.unchecked import JsonValue

Mark = Callable[[int, str], str]
"""Puts the number of a file's line, from 1, in front of a line of SQL."""


@dataclass(frozen=True)
class Statement:
    """A script that a file holds; `key` is the dotted place of its entry in the YAML."""

    key: str
    sql: str


class Scripts(Protocol):
    """A YAML file whose entries run as scripts, such as scheduled queries."""

    @property
    def file(self) -> Path:
        """The file, relative to the project."""
        ...

    def statements(self) -> Sequence[Statement]:
        """All scripts as BigQuery will run them; raises UserError."""
        ...


class Fragments(Protocol):
    """A YAML file whose SQL is put into files of sql/ through one name of their templates."""

    @property
    def file(self) -> Path:
        """The file, relative to the project."""
        ...

    @property
    def name(self) -> str:
        """The templates' name for what the file holds."""
        ...

    def marked(self, value: JsonValue, text: str, mark: Mark) -> JsonValue:
        """`value`, which the file's `text` was read into, with each line of SQL marked."""
        ...


def no_hint(_file: Path) -> str:
    """Nothing is known of the file."""
    return ""


@dataclass(frozen=True)
class Beside:
    """All such files of a program.

    `hint` says where a person reads what a file may hold; empty where nothing is known.
    `fingerprint` stands for all that a check depends on beside sql/: the stack's settings, what
    templates know, the program's own code. It may raise OSError. Without it no whole check is
    recalled, only those of single texts. `names` are what templates know of such files, each read
    by its function, which may raise UserError: no file hides what is wrong with another.
    """

    scripts: Sequence[Scripts] = ()
    fragments: Sequence[Fragments] = ()
    hint: Callable[[Path], str] = no_hint
    fingerprint: Callable[[], bytes] | None = None
    names: Mapping[str, Callable[[], object]] = field(default_factory=dict)
