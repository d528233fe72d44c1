"""What is wrong, or to be looked at, as annotations of GitHub at file and line.

Reads what `eros validate --format json` and `eros plan` write. Runs before anything is installed.
https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions#setting-an-error-message
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MOST = 50
"""GitHub shows so many annotations of a job; the rest is counted."""
_LOSSES = {"LOSSY": "error", "WARNING": "warning"}


@dataclass(frozen=True)
class Annotation:
    """One remark; `level` is error, warning or notice."""

    level: str
    file: str
    line: int
    title: str
    text: str
    column: int = 0

    def command(self) -> str:
        """The line that a workflow prints."""
        place = f"file={_property(self.file)},line={self.line}"
        column = f",col={self.column}" if self.column else ""
        return f"::{self.level} {place}{column},title={_property(self.title)}::{_data(self.text)}"


def show(annotations: Sequence[Annotation]) -> None:
    """Print the commands, as many as GitHub shows."""
    for annotation in annotations[:MOST]:
        print(annotation.command())
    if len(annotations) > MOST:
        print(f"::notice::{_data(f'{len(annotations) - MOST} more are in the log')}")


def of_findings(document: Mapping[str, Any]) -> Iterator[Annotation]:
    """Mistakes that `eros validate` has found."""
    for found in document["findings"]:
        text = "\n".join(
            filter(None, (found["message"], found["hint"] and f"hint: {found['hint']}"))
        )
        title = f"validate: {found['rule']}"
        yield Annotation("error", found["file"], found["line"], title, text, found["column"])


def of_plan(document: Mapping[str, Any], root: Path = ROOT) -> Iterator[Annotation]:
    """What a plan breaks or loses, at the object's file, or at the stack's where it has none."""
    stack = document["stack"]
    for change in document["changes"]:
        for detail in change["details"]:
            if level := _LOSSES.get(detail["loss"]):
                file, line = _place(change["name"], detail["column"], stack, root)
                title = f"{stack}: {detail['loss'].lower()}"
                text = ": ".join(filter(None, (change["name"], detail["text"], detail["reason"])))
                yield Annotation(level, file, line, title, text)
        for name, why in change["broken"].items():
            file, line = _place(name, "", stack, root)
            text = f"{name}, because of {change['name']}: {why}"
            yield Annotation("error", file, line, f"{stack}: broken by this change", text)


def _place(name: str, column: str, stack: str, root: Path) -> tuple[str, int]:
    """File and line of an object of the system, of its column where one is named."""
    for path in sorted(root.glob(f"sql/*/{name}.sql")):
        word = re.compile(rf"\b{re.escape(column.rpartition('.')[2])}\b") if column else None
        lines = path.read_text(encoding="utf-8").splitlines()
        numbers = [n for n, text in enumerate(lines, 1) if word and word.search(text)]
        return path.relative_to(root).as_posix(), (numbers or [1])[0]
    for path in sorted(root.glob("config/**/*.yaml")):
        for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            # Alerts are resources by the lower case of their rule.
            if re.match(rf"\s*{re.escape(name)}:", text, re.IGNORECASE):
                return path.relative_to(root).as_posix(), number
    return f"Pulumi.{stack}.yaml", 1


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code of the process: what is found fails nothing here."""
    parser = argparse.ArgumentParser(prog="python -m tools.annotations", description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, help="documents; standard input without")
    texts = [file.read_text(encoding="utf-8") for file in parser.parse_args(arguments).files]
    found: list[Annotation] = []
    for text in texts or [sys.stdin.read()]:
        try:
            document = json.loads(text)
            read = of_findings if "findings" in document else of_plan
            found += read(document)
        except (ValueError, KeyError, TypeError) as error:
            # A command that could not begin has said why, and has no document.
            print(f"neither findings nor a plan ({error})", file=sys.stderr)
            return 1
    show(sorted(dict.fromkeys(found), key=lambda one: (one.level, one.file, one.line)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
