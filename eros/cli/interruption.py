"""An end by the machine: SIGTERM interrupts a command as Ctrl-C does, and is told apart.

A command that the default action ends says nothing, leaves its lock and its journal as they are,
and its log without an end.
"""

from __future__ import annotations

import signal
from types import FrameType

_BY_PERSON = 128 + signal.SIGINT
_BY_MACHINE = 128 + signal.SIGTERM


class Terminated(KeyboardInterrupt):
    """The machine asks the command to end."""


def begin() -> None:
    """Let SIGTERM interrupt what runs from now on."""
    signal.signal(signal.SIGTERM, _terminate)


def words(interruption: KeyboardInterrupt) -> str:
    """Who ended the command."""
    return "stopped by SIGTERM" if isinstance(interruption, Terminated) else "interrupted"


def exit_code(interruption: KeyboardInterrupt) -> int:
    """What a shell says of a command that was ended so."""
    return _BY_MACHINE if isinstance(interruption, Terminated) else _BY_PERSON


def _terminate(number: int, frame: FrameType | None) -> None:
    raise Terminated
