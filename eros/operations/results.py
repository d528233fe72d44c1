"""What a step of an operation finds: typed for later steps and reports, JSON in the journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, Self

from bqstack.errors import UserError


@dataclass(frozen=True)
class Result:
    """What a step found. Every field has a default: a step that was not made found nothing."""

    STEP: ClassVar[str]

    @classmethod
    def read(cls, facts: Mapping[str, Any]) -> Self:
        """The result as a journal has it; a key of another version is left out."""
        known = {one.name for one in fields(cls)}
        return cls(**{key: value for key, value in facts.items() if key in known})

    def document(self) -> dict[str, Any]:
        """The result as plain JSON."""
        return asdict(self)


class Bad(UserError):
    """A step that did its work and found something bad; `found` is what, for the journal."""

    def __init__(self, message: str, found: Result | None = None, **where: Any) -> None:
        self.found = found
        super().__init__(message, **where)
