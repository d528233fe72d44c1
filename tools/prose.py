"""Words that this project does not write: `python -m tools.prose`, part of `make lint`.

Reads documents, SQL, YAML, shell, and of Python comments, docstrings, texts, and names (`_NAMES`).
docs/style.md has the same list with reasons. A line that quotes a word says `prose: quoted`.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# What is found, and what to write. One line in docs/style.md each.
WORDS = {
    r"\banew\b": "again, from scratch, or recreated",
    r"\b(is|are|was|were|be|been|being) told\b(?! apart| beside)": "reported, shown or notified",
    r"\btold of\b|\btells? of\b": "reports, or is notified of",
    r"\bnobody is told\b": "nobody is notified",
    r"\b(has|have|had|not) told\b(?! apart)": "reported or shown",
    r"\btold (nothing|already|so|to the)\b": "reported or shown",
    r"\bof then\b": "of that time, or stale",
    r"\bclaims? of\b.{0,24}\b(deployment|rollback)s?\b": "deployment lock",
    r"\bend(s|ed)? the claim\b": "release the lock",
    r"\bhalf way\b": "halfway",
    r"\bby and by\b": "over time",
    r"\bmay well\b": "may",
    r"\ba word of its own\b": "its own term",
    r"\bwhat is worth\b": "name the thing",
    r"\bstands? in the way\b": "blocks",
    r"\bsigns? of life\b": "heartbeat",
    r"\bcome to its end\b": "finished",
    r"\bin spite of\b": "despite",
    r"\bthe files as they are\b": "the working tree",
    r"\bwhose end nobody\b": "unfinished",
    r"\btells? nothing\b": "says nothing, or does not cover",
    r"\bhas to act\b": "must act",
    r"\bare the most\b": "is the maximum",
    r"\bmend(s|ed|ing)?\b": "fix",
    r"\bspec [a-z]+\.md\b": "a page of docs/: readers have no other specification",
    r"\bnobody is there to\b": "name what is missing",
}
# Of Python's names: a name says what it holds.
_NAMES = re.compile(r"(?:^|_)told(?:_|$)|(?:^|_)anew(?:_|$)")
_PATTERN = re.compile("|".join(f"(?:{words})" for words in WORDS), re.IGNORECASE)
_WHOLE = (".md", ".yaml", ".yml", ".sh", ".sql", ".sqlx", ".toml")
_TEXTS = (tokenize.COMMENT, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", -1))
_QUOTED = "prose: quoted"
# The list itself, and what shows it.
_LEFT_OUT = ("tools/prose.py", "tests/unit/test_prose.py", "docs/style.md", "requirements.txt")


def main() -> int:
    """Print each finding as file:line; the exit code is 1 when there is one."""
    findings = [found for path in _files() for found in check(path)]
    for finding in findings:
        print(finding)
    if findings:
        print(f"prose: {len(findings)} to reword; docs/style.md says how", file=sys.stderr)
    return int(bool(findings))


def check(path: Path) -> Iterator[str]:
    """Findings of one file, as `file:line: words: write …`."""
    name = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    for number, text in _prose(path):
        for match in _PATTERN.finditer(text):
            advice = next(a for words, a in WORDS.items() if re.search(words, match[0], re.I))
            yield f"{name}:{number}: {match[0]!r}: write {advice}"
    if path.suffix == ".py":
        for token in tokenize.generate_tokens(io.StringIO(path.read_text("utf-8")).readline):
            if token.type == tokenize.NAME and _NAMES.search(token.string):
                yield f"{name}:{token.start[0]}: {token.string!r}: name it by what it holds"


def _files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    named = (
        ROOT / name
        for name in listed
        if name.endswith((*_WHOLE, ".py", "Makefile")) and name not in _LEFT_OUT
    )
    # Git lists a file that has just been deleted or moved until that is staged.
    return [path for path in named if path.is_file()]


def _prose(path: Path) -> Iterator[tuple[int, str]]:
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    parts: Iterable[tuple[int, str]]
    if path.suffix != ".py":
        parts = enumerate(lines, 1)
    else:
        parts = (
            (token.start[0] + offset, line)
            for token in tokenize.generate_tokens(io.StringIO(text).readline)
            if token.type in _TEXTS
            for offset, line in enumerate(token.string.splitlines())
        )
    for number, line in parts:
        if number > len(lines) or _QUOTED not in lines[number - 1]:
            yield number, line


if __name__ == "__main__":
    sys.exit(main())
