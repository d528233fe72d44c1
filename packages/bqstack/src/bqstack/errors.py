"""The one error a user is meant to read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


class UserError(Exception):
    """A mistake in input, configuration or environment that the reader can fix.

    `str()` of it is the whole message: where, what, and how to fix it. Commands
    print it without a traceback and exit with a non-zero code. `others` are further mistakes
    that were found with it; its text ends with theirs.
    """

    def __init__(
        self,
        message: str,
        *,
        file: Path | str | None = None,
        line: int | None = None,
        key: str | None = None,
        value: object = None,
        fix: str | None = None,
    ) -> None:
        self.message = message
        self.file = str(file) if file is not None else None
        self.line = line
        self.key = key
        self.value = value
        self.fix = fix
        self.others: tuple[UserError, ...] = ()
        super().__init__(self._text())

    def alone(self) -> UserError:
        """The same without the others."""
        return UserError(
            self.message,
            file=self.file,
            line=self.line,
            key=self.key,
            value=self.value,
            fix=self.fix,
        )

    def with_others(self, others: Sequence[UserError]) -> UserError:
        """The same with these others instead of its own."""
        found = self.alone()
        found.others = tuple(others)
        return found

    def __str__(self) -> str:
        return "\n".join((self._text(), *map(str, self.others)))

    def _text(self) -> str:
        where = self.file or ""
        if self.line is not None:
            where += f":{self.line}"
        parts = [part for part in (where, self.key) if part]
        head = ": ".join([*parts, self.message])
        if self.value is not None:
            head += f" (got {self.value!r})"
        return f"{head}\n  fix: {self.fix}" if self.fix else head
