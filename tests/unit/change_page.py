"""docs/change.md as a person carries it out: each block goes where the page says."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from eros.project.settings import PROJECT_ROOT

# The file stands before the block: as its heading, or at the end of the sentence above it.
_EXAMPLE = re.compile(r"`([\w./]+)`:\n\n```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", ".local", ".toolchain", ".pulumi*", "__pycache__", ".*_cache", "node_modules"
)
_TOP = re.compile(r"(?m)^(?=[^\s#])")


def examples() -> dict[str, str]:
    """Text of each example by the file that it is for."""
    text = (PROJECT_ROOT / "docs/change.md").read_text(encoding="utf-8")
    return {path: body for path, _, body in _EXAMPLE.findall(text)}


def followed(root: Path) -> None:
    """Make a copy of the project at `root`, which is not there yet, and follow the page in it."""
    shutil.copytree(PROJECT_ROOT, root, ignore=_LEFT_OUT, symlinks=True)
    carry_out(root)


def carry_out(root: Path) -> None:
    """Put all examples into the copy of the project at `root`."""
    for path, body in examples().items():
        file = root / path
        text = file.read_text(encoding="utf-8") if file.is_file() else None
        if text is None:
            file.parent.mkdir(parents=True, exist_ok=True)
            text = body
        elif path == "eros/project/settings_sections.py":
            text = _at_the_end(text, "class Automation(", "\n\n\nclass ", f"\n{body.rstrip()}")
        elif path == "policy/idempotent.py":
            text = _at_the_end(text, "WHY = {", "\n}", f"\n{body.rstrip()}")
        elif path == "docs/runbook.md":
            last = re.findall(r"(?m)^### [A-Z]\d+ .*$", text)[-1]
            text = _at_the_end(text, last, "\n\n## ", f"\n\n{body.rstrip()}")
        else:
            text = _with_entries(text, body, path)
        file.write_text(text, encoding="utf-8")


def _at_the_end(text: str, begin: str, end: str, added: str) -> str:
    """`added` at the end of the part of `text` that begins with `begin`."""
    place = text.index(end, text.index(begin))
    return text[:place] + added + text[place:]


def _with_entries(text: str, body: str, path: str) -> str:
    """A catalogue or stack file with the entries of an example under their own headings."""
    for part in filter(str.strip, _TOP.split(body)):
        key, _, entries = part.partition("\n")
        heading = re.search(rf"(?m)^{re.escape(key)}\n", text)
        assert heading, f"{path} has no {key}"
        after = _TOP.search(text, heading.end())
        end = after.start() if after else len(text)
        entry = entries.split("\n", 1)[0]
        assert f"\n{entry}\n" not in text[heading.start() : end], f"{entry} is in {path} already"
        text = f"{text[:end].rstrip()}\n{entries.rstrip()}\n" + (f"\n{text[end:]}" if after else "")
    return text
