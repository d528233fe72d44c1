"""What differs between the rows of two sides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from bqstack.unchecked import JsonMapping, JsonObject

MOST_EXAMPLES = 5


@dataclass(frozen=True)
class Example:
    """One row that differs.

    `key` are the columns by which it was found on both sides; `before` and `after` hold what
    differs, None where the side has no such row.
    """

    key: JsonMapping
    before: JsonMapping | None
    after: JsonMapping | None


@dataclass(frozen=True)
class ObjectDiff:
    """Rows of one view or function, before and after.

    `columns` counts, for each column, the rows in which it differs. `by` are the columns that
    tell which row of one side is which of the other; without them a row that differs counts as
    removed and added. `unknown` says why nothing was compared.
    """

    name: str
    kind: str
    is_changed: bool
    """Whether the change is in the object itself, not in something that it reads."""
    before: int = 0
    after: int = 0
    removed: int = 0
    added: int = 0
    changed: int = 0
    columns: Mapping[str, int] = field(default_factory=dict)
    new_columns: tuple[str, ...] = ()
    gone_columns: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    examples: tuple[Example, ...] = ()
    calls: int = 0
    """Of a function: the calls whose results were compared."""
    is_cut: bool = False
    """Whether more rows differ than were looked at; the counts are then the least."""
    unknown: str = ""

    @property
    def differs(self) -> bool:
        """Whether any row or column is otherwise than before."""
        rows = self.removed or self.added or self.changed
        return bool(rows or self.new_columns or self.gone_columns)


@dataclass(frozen=True)
class RowDiff:
    """Rows of everything that a change touches, on the rows of one stack.

    `left_out` are objects below the change that were too many to look at.
    """

    stack: str
    base: str
    head: str
    objects: tuple[ObjectDiff, ...]
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """What a reader has to know beside the rows."""
    where: str = "on the sample of"
    """Words in front of `stack`."""

    @property
    def differs(self) -> bool:
        """Whether any object differs, or could not be compared."""
        return any(one.differs or one.unknown for one in self.objects)

    def document(self) -> JsonObject:
        """The whole in plain values, in a stable order."""
        return asdict(self)
