"""Text files as people's editors and systems leave them: marks, encodings, leftovers."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

from bqstack.errors import UserError

# Longest first: the mark of UTF-16 begins that of UTF-32.
_FOREIGN = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_LEFT_BEHIND = ("~", ".orig", ".rej", ".bak", ".swp", ".swo", ".tmp")
_FOLDERS = frozenset({"__pycache__"})


def read(path: Path, shown: Path | str) -> str:
    """The text of a UTF-8 file, without a byte-order mark, its lines ending in a line feed.

    Raises UserError that names `shown`, also for a link to nothing or a file that may not be
    read.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        what = "the target of the link" if path.is_symlink() else "the file"
        raise UserError(f"{what} does not exist", file=shown) from None
    except OSError as error:
        raise UserError(f"the file cannot be read: {error.strerror}", file=shown) from None
    for mark, name in _FOREIGN:
        if content.startswith(mark):
            raise UserError(f"the text is {name}, not UTF-8", file=shown, fix="save it as UTF-8")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(
            f"not UTF-8 text: {error.reason} at byte {error.start}",
            file=shown,
            fix="save it as UTF-8",
        ) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def is_left_behind(path: Path) -> bool:
    """Whether an editor or a system left the file, and nobody means it: hidden or a backup."""
    name = path.name
    return (
        name.startswith(".")
        or name.endswith(_LEFT_BEHIND)
        or (name.startswith("#") and name.endswith("#"))
    )


def below(folder: Path) -> Iterator[Path]:
    """The files below a folder that somebody means, in order; links to nothing are among them."""
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        if is_left_behind(path) or path.name in _FOLDERS:
            continue
        if path.is_dir():
            yield from below(path)
        else:
            yield path
