"""How a backup or restore tells what it does."""

from __future__ import annotations

from collections.abc import Callable

# Takes one line of text for people.
Progress = Callable[[str], None]


def quiet(line: str) -> None:
    """Say nothing."""
