"""Values and texts in words that fit into a line, and what two of them differ by."""

from __future__ import annotations

import difflib
import json

# A longer text is shown by what differs in it.
_WHOLE = 40
# What differs in a script is quoted up to this length, counted in lines beyond it.
_QUOTED = 60
_SHOWN = 80
# Where a word of a line ends; `owner:growth` is one.
_ENDS = " ,;()'\""


def shown(value: object) -> str:
    """A value in words that fit into a line."""
    if value is None:
        return "none"
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


def becomes(old: object, new: object) -> str:
    """Two values; of long texts what differs in them, with a word on either side."""
    if isinstance(old, str) and isinstance(new, str) and max(len(old), len(new)) > _WHOLE:
        old, new = _apart(old, new)
    return f"{shown(old)} becomes {shown(new)}"


def edited(old: str, new: str) -> str:
    """What differs between two scripts: the words where they are few, else how many lines."""
    before, after = _apart(old, new)
    if max(len(before), len(after)) <= _QUOTED:
        return f"{before} becomes {after}"
    compared = list(difflib.ndiff(_stripped(old), _stripped(new)))
    gone, come = ([line[2:] for line in compared if line.startswith(sign)] for sign in ("- ", "+ "))
    if len(gone) == len(come) == 1:
        return becomes(*_within(gone[0], come[0]))
    comes, goes = len(come), len(gone)
    parts = [f"{_lines(comes)} added"] if comes else []
    return ", ".join([*parts, *([f"{_lines(goes)} removed"] if goes else [])])


def _stripped(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _within(old: str, new: str) -> tuple[str, str]:
    """What differs between two lines, with the words that it begins and ends in."""
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    while start and old[start - 1] not in _ENDS:
        start -= 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    while end and old[len(old) - end] not in _ENDS:
        end -= 1
    return (
        f"...{old[start : len(old) - end]}...",
        f"...{new[start : len(new) - end]}...",
    )


def _lines(count: int) -> str:
    return f"{count:,} line{'' if count == 1 else 's'}"


def _apart(old: str, new: str) -> tuple[str, str]:
    before, after = old.split(), new.split()
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    end = 0
    while end < min(len(before), len(after)) - start and before[-1 - end] == after[-1 - end]:
        end += 1
    first, last = max(start - 1, 0), max(end - 1, 0)
    parts = []
    for words in (before, after):
        middle = " ".join(words[first : len(words) - last])
        parts.append(f"{'... ' if first else ''}{middle}{' ...' if last else ''}")
    return parts[0], parts[1]
