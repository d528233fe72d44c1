"""What a change is: the object, what happens to it, and what is lost by it."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import Protocol

from bqstack.unchecked import JsonMapping


class Resource(Protocol):
    """What is compared: a resource of a stack's state or one that a program declares."""

    @property
    def urn(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def inputs(self) -> JsonMapping: ...
    @property
    def custom(self) -> bool: ...
    @property
    def protect(self) -> bool: ...


class Action(enum.Enum):
    """What the engine does to an object."""

    CREATE = "create"
    IMPORT = "import"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"


class Loss(enum.IntEnum):
    """Data-loss class, the least first.

    NONE: nothing that exists is taken away or works otherwise.
    REVERSIBLE: something works otherwise or stops; applying the earlier program brings it
    back, and no row is lost.
    WARNING: reversible, but while it lasts something fails, is open or goes unseen.
    LOSSY: rows, values or their history are or may be lost, or a call that exists fails, or the
    update itself does.
    """

    NONE = 0
    REVERSIBLE = 1
    WARNING = 2
    LOSSY = 3


@dataclass(frozen=True)
class Detail:
    """One difference.

    `path` says where it is: an input, or `schema.` and a column. `allowance` is what a
    person writes into `<namespace>:allowLoss` to let a lossy one through. `column` is the dotted
    name of the column that it is about.
    """

    path: str
    text: str
    loss: Loss = Loss.NONE
    reason: str = ""
    allowance: str = ""
    column: str = ""


@dataclass(frozen=True)
class Change:
    """What happens to one object. `old` and `new` are its inputs, empty where it is not."""

    urn: str
    type: str
    name: str
    action: Action
    details: tuple[Detail, ...]
    old: JsonMapping
    new: JsonMapping

    @property
    def loss(self) -> Loss:
        """The worst of the details."""
        return max((detail.loss for detail in self.details), default=Loss.NONE)

    @property
    def lossy(self) -> tuple[Detail, ...]:
        """The details that lose something."""
        return tuple(d for d in self.details if d.loss is Loss.LOSSY)

    @property
    def warnings(self) -> tuple[Detail, ...]:
        """The details that somebody should know before it happens."""
        return tuple(d for d in self.details if d.loss is Loss.WARNING)

    def because(self, *more: Detail) -> Change:
        """The same change with further details."""
        return replace(self, details=(*self.details, *more))
