"""The stack's history as `eros rollback --list` prints it."""

from __future__ import annotations

import io

from eros.cli.common import Terminal
from eros.cli.rollback import lines_of

from .states import update

MESSAGE = "Captions of a page that has not sent for a month are left alone by the nightly run"


def listed(width: int, *, terminal: bool) -> list[str]:
    history = [
        update(2, message=f"{MESSAGE}\n\nWhy.", who="Somebody with a long name"),
        update(1, message=""),
    ]
    out = Terminal(file=io.StringIO(), width=width, force_terminal=terminal)
    return lines_of(history, 1, out)


def test_each_update_is_a_line_of_a_pipe_or_a_wide_terminal():
    assert listed(80, terminal=False) == listed(200, terminal=True)
    head, newest, oldest = listed(80, terminal=False)
    assert head.endswith("  message")
    assert newest.endswith(f"  {MESSAGE}")
    assert oldest.startswith("→  1 ")


def test_a_narrow_terminal_has_the_message_below_its_update():
    head, newest, message, oldest = listed(72, terminal=True)
    assert max(map(len, (head, newest, message, oldest))) <= 72
    assert "message" not in head
    assert newest.endswith("  1 changed")
    assert message.startswith(f"   {MESSAGE[:40]}")
    assert message.endswith(" …")
    assert oldest.startswith("→  1 ")
