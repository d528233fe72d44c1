"""How much of the code the unit tests run, and the floor below which that must not fall.

The floor stands in one place, `tool.coverage.report.fail_under` of pyproject.toml, and only rises:
`show` reads what `make unit` has measured and fails below it, `show --raise` raises it, `compare`
refuses a change that lowers it. `compare` runs before anything is installed.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LEAST = 10
"""Files that are shown."""
CHANCE = 0.2
"""Percent of the lines that run in one run and not in the next: what waits, what gives up."""
_PROJECT = "pyproject.toml"
_LINE = re.compile(r"^fail_under *=.*$", re.MULTILINE)
_KEY = "tool.coverage.report.fail_under"


class CoverageError(Exception):
    """What is wrong, with its remedy on a second line."""


@dataclass(frozen=True)
class File:
    """Lines of one file, or of all: those that could run, and those that have not."""

    name: str
    lines: int
    missed: int

    @property
    def percent(self) -> float:
        """Lines that have run, 0 to 100."""
        return 100 * (self.lines - self.missed) / self.lines if self.lines else 100.0


def measured(data: Path, project: Path) -> list[File]:
    """Files of the last measurement, also those that no test imports."""
    # Not installed where `compare` runs.
    from coverage import Coverage
    from coverage.exceptions import CoverageException

    if not data.is_file():
        raise CoverageError(f"{data.name}: nothing has been measured\n  fix: make unit")
    coverage = Coverage(data_file=data, config_file=os.fspath(project))
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "coverage.json"
        try:
            coverage.load()
            coverage.json_report(outfile=os.fspath(report))
        except CoverageException as error:
            raise CoverageError(f"{data.name}: {error}\n  fix: make unit") from error
        files = json.loads(report.read_text(encoding="utf-8"))["files"]
    return [
        File(name, found["summary"]["num_statements"], found["summary"]["missing_lines"])
        for name, found in files.items()
    ]


def total(files: Iterable[File]) -> File:
    """All files as one."""
    files = list(files)
    return File("all", sum(file.lines for file in files), sum(file.missed for file in files))


def least_covered(files: Iterable[File]) -> list[File]:
    """The ten files of which least has run; of two alike, the longer one first."""
    return sorted(files, key=lambda file: (file.percent, -file.missed, file.name))[:LEAST]


def floor_of(text: str, where: str) -> float | None:
    """The floor that a pyproject.toml names, in percent; None when it names none."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CoverageError(f"{where}: {error}\n  fix: write it as TOML") from error
    floor = document.get("tool", {}).get("coverage", {}).get("report", {}).get("fail_under")
    if floor is not None and (
        isinstance(floor, bool) or not isinstance(floor, int | float) or not 0 <= floor <= 100
    ):
        raise CoverageError(f"{where}: {_KEY} is {floor!r}\n  fix: a number from 0 to 100")
    return floor


def own_floor(file: Path) -> float:
    """The floor of this tree."""
    floor = floor_of(file.read_text(encoding="utf-8"), file.name)
    if floor is None:
        raise CoverageError(f"{file.name}: {_KEY} is missing\n  fix: write it, in percent")
    return floor


def reachable(percent: float) -> int:
    """The floor that a measurement allows, a whole number."""
    return max(0, math.floor(percent - CHANCE))


def show(data: Path, project: Path, *, raised: bool) -> int:
    """Print the total and the files of which least has run; 1 when it is below the floor."""
    files = measured(data, project)
    floor, all_files = own_floor(project), total(files)
    print(f"coverage: {all_files.percent:.1f}% of {all_files.lines} lines, floor {floor:g}%")
    print("least covered:")
    least = least_covered(files)
    for file in least:
        print(f"  {file.percent:5.1f}%  {file.missed:4} of {file.lines:4} not run  {file.name}")
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(summary).open("a", encoding="utf-8") as out:
            out.write(as_markdown(all_files, least, floor))
    # What is shown is what is judged.
    if round(all_files.percent, 1) < floor:
        raise CoverageError(
            f"coverage: {all_files.percent:.1f}% is below the floor of {floor:g}%\n"
            "  fix: test what you added; if it was not the whole tier that ran: make unit"
        )
    higher = reachable(all_files.percent)
    if higher <= floor:
        if raised:
            print(f"the floor stays at {floor:g}%")
    elif raised:
        text = project.read_text(encoding="utf-8")
        project.write_text(_LINE.sub(f"fail_under = {higher}", text, count=1), encoding="utf-8")
        print(f"{project.name}: the floor rises from {floor:g}% to {higher}%")
    else:
        print(f"the floor can rise to {higher}%: make coverage RAISE=1")
    return 0


def as_markdown(all_files: File, least: Iterable[File], floor: float) -> str:
    """What the job's summary shows."""
    rows = [f"| {file.percent:.1f}% | {file.missed} | `{file.name}` |" for file in least]
    return "\n".join(
        [
            f"### Coverage: {all_files.percent:.1f}% of {all_files.lines} lines",
            "",
            f"The floor is {floor:g}%. Least covered:",
            "",
            "| covered | lines not run | file |",
            "| ---: | ---: | --- |",
            *rows,
            "",
            "",
        ]
    )


def compare(base: str, root: Path) -> int:
    """Refuse a floor below the one of another commit, or none where that one has one."""
    done = subprocess.run(
        ["git", "show", f"{base}:{_PROJECT}"], cwd=root, check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise CoverageError(
            f"{base}: {done.stderr.strip()}\n  fix: name a commit that this checkout has"
        )
    before = floor_of(done.stdout, f"{base}:{_PROJECT}")
    after = own_floor(root / _PROJECT)
    if before is not None and after < before:
        raise CoverageError(
            f"{_PROJECT}: {_KEY} falls from {before:g} to {after:g}\n"
            f"  fix: leave it at {before:g} and test what you added"
        )
    print(f"coverage floor: {'none' if before is None else f'{before:g}%'} -> {after:g}%")
    return 0


def main(arguments: list[str] | None = None) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.coverage_floor")
    commands = parser.add_subparsers(dest="command", required=True)
    shows = commands.add_parser("show", help="the last measurement; fails below the floor")
    shows.add_argument("--raise", dest="raised", action="store_true", help="raise the floor to it")
    compares = commands.add_parser("compare", help="fail when the floor is below another commit's")
    compares.add_argument("base")
    options = parser.parse_args(arguments)
    try:
        if options.command == "compare":
            return compare(options.base, ROOT)
        return show(ROOT / ".coverage", ROOT / _PROJECT, raised=options.raised)
    except CoverageError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
