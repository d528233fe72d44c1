"""Which column of which object comes from which, and what each statement reads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

Place = tuple[str, str]
"""An object and one of its columns; `()` for a function's result."""
RESULT = "()"


@dataclass(frozen=True)
class Read:
    """What a statement reads of a table, view or table function."""

    columns: frozenset[str]
    filtered: frozenset[str] = frozenset()
    """Columns that a condition bounds."""
    pinned: frozenset[str] = frozenset()
    """Columns that are compared for equality with what is no column."""


@dataclass(frozen=True)
class Step:
    """A statement: how often one call of its procedure runs it, what it reads and calls."""

    share: float
    reads: dict[str, Read]
    calls: str = ""
    """Procedure that it calls; empty for another statement."""
    changes: str = ""
    """Table whose rows it rewrites, all of their columns; empty for none."""


@dataclass
class Object:
    """An SQL object; `outputs` are the columns it gives with what each comes from."""

    name: str
    kind: str
    text: str = ""
    needs: tuple[str, ...] = ()
    types: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, set[Place]] = field(default_factory=dict)
    reads: set[Place] = field(default_factory=set)
    scans: list[dict[str, set[str]]] = field(default_factory=list)
    """For each statement the columns that it reads, by table."""
    steps: list[Step] = field(default_factory=list)
    partition: str = ""
    """Column of the partitions of a table; empty for none."""
    cluster: str = ""
    """First column that a table is clustered by."""
    mistake: str = ""
    """Why the analyser does not understand it; empty where it does."""


@dataclass
class Graph:
    """All SQL objects of one side by name, each after what it needs."""

    objects: dict[str, Object]

    def below(self, names: Iterable[str]) -> set[str]:
        """Everything that reads or calls one of these, directly or not."""
        found = set(names)
        for name, item in self.objects.items():
            if name not in found and found.intersection(item.needs):
                found.add(name)
        return found
