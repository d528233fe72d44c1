"""Runs the SQL tests that a change touches, and says how they end: `make touched BASE=COMMIT`.

A case is touched when it has changed, or the object that it is about has, or one that this object
reads or calls, directly or not.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from defusedxml import ElementTree

from bqstack import markup
from bqstack.amounts import counted
from eros.project.project import Project
from tools import quick
from tools.annotations import Annotation, show

_CASES = Path("tests/sql/cases")
_MOST_FAILURES = 10
_MOST_WORDS = 600


@dataclass(frozen=True)
class Case:
    """One case that has run; `failure` is what it says when it failed."""

    path: Path
    failure: str | None = None

    @property
    def about(self) -> str:
        """The object that it tests."""
        return self.path.parent.name


def touched(files: Iterable[Path], readers: Mapping[str, Iterable[str]], root: Path) -> list[Path]:
    """Cases to run; `readers` are the objects that name an object, by its name."""
    files = list(files)
    changed = {path.stem for path in files if path.parts[0] == "sql" and path.suffix == ".sql"}
    waiting = list(changed)
    while waiting:
        for reader in readers.get(waiting.pop(), ()):
            if reader not in changed:
                changed.add(reader)
                waiting.append(reader)
    about = [Path("sql/any") / f"{name}.sql" for name in sorted(changed)]
    return quick.cases([*files, *about], root)


def readers_of(root: Path) -> dict[str, set[str]]:
    """For each object those whose SQL names it."""
    found: dict[str, set[str]] = {}
    for item in Project.load("local", root).sql:
        for name in item.depends_on:
            found.setdefault(name, set()).add(item.name)
    return found


def run(cases: Sequence[Path]) -> tuple[int, list[Case]]:
    """pytest's exit code, and how each case ended."""
    nodes = [f"tests/sql/test_cases.py::test_case[{p.parent.name}/{p.stem}]" for p in cases]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", *nodes]
        code = subprocess.run(command, cwd=quick.ROOT, check=False).returncode
        if not report.is_file():
            return code, []
        return code, parsed(report.read_text(encoding="utf-8"), cases)


def parsed(report: str, cases: Sequence[Path]) -> list[Case]:
    """The cases of a report in JUnit's form, which pytest writes."""
    paths = {f"test_case[{path.parent.name}/{path.stem}]": path for path in cases}
    found = []
    for case in ElementTree.fromstring(report).iter("testcase"):
        wrong = [*case.iter("failure"), *case.iter("error")]
        message = wrong[0].get("message", "it failed") if wrong else None
        if path := paths.get(case.get("name", "")):
            found.append(Case(path, message))
    return found


def render(base: str, cases: Sequence[Case]) -> str:
    """The result for the comment of a pull request."""
    head = "### SQL tests affected by the change\n\n"
    if not cases:
        return f"{head}No object with SQL tests has changed since {markup.code(base)}.\n"
    failed = [case for case in cases if case.failure is not None]
    objects = len(Counter(case.about for case in cases))
    mark = f"❌ {len(failed)} failed" if failed else "✅ none failed"
    text = f"{head}{mark}, {len(cases)} ran, about {counted(objects, 'object')}.\n"
    for case in failed[:_MOST_FAILURES]:
        words = " ".join((case.failure or "").split())[:_MOST_WORDS]
        text += f"- {markup.code(case.path.as_posix())}: {markup.plain(words)}\n"
    if len(failed) > _MOST_FAILURES:
        text += f"- and {len(failed) - _MOST_FAILURES} more\n"
    rows = Counter(case.about for case in cases)
    bad = Counter(case.about for case in failed)
    lines = [f"| {markup.code(name)} | {n} | {bad[name]} |" for name, n in sorted(rows.items())]
    table = "\n".join(["| object | cases | failed |", "| --- | ---: | ---: |", *lines])
    return text + markup.folded("By object", f"{table}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code of the process: that of the tests."""
    parser = argparse.ArgumentParser(prog="python -m tools.touched", description=__doc__)
    parser.add_argument("base", help="commit to compare with")
    parser.add_argument("--output", type=Path, help="folder for tests.md")
    given = parser.parse_args(arguments)
    files = quick.changed(given.base)
    chosen = touched(files, readers_of(quick.ROOT), quick.ROOT)
    code, cases = run(chosen) if chosen else (0, [])
    text = render(given.base, cases)
    if code and not cases:
        text = f"{text}\nThe tests did not start: pytest ended with {code}.\n"
    if given.output:
        given.output.mkdir(parents=True, exist_ok=True)
        (given.output / "tests.md").write_text(text, encoding="utf-8")
    print(text)
    if os.environ.get("GITHUB_ACTIONS"):
        show(
            [
                Annotation("error", case.path.as_posix(), 1, "SQL test failed", case.failure)
                for case in cases
                if case.failure is not None
            ]
        )
    return code


if __name__ == "__main__":
    sys.exit(main())
