"""A report as a person or a program reads it."""

from __future__ import annotations

import json
from collections import Counter

from bqstack.amounts import counted
from bqstack.analysis.findings import Finding, Report


def text(report: Report) -> str:
    """Findings like a compiler's, notes, one summary line."""
    parts = [finding(found) for found in report.findings]
    waiting = [note for note in report.notes if note.waits]
    parts += [f"{n.file}:{n.line}: unanalysed: {n.reason}\n" for n in report.notes if not n.waits]
    if waiting:
        files = len({note.file for note in waiting})
        parts.append(
            f"{counted(len(waiting), 'statement')} in {counted(files, 'file')} not analysed:"
            " they need something that has a mistake\n"
        )
    return "\n".join([*parts, summary(report)])


def summary(report: Report) -> str:
    """One line: what was found in how much, and how long it took."""
    scope = (
        f"{counted(report.objects, 'object')}, {counted(report.statements, 'statement')} analysed"
    )
    if report.notes:
        scope += f", {len(report.notes)} unanalysed"
    rules = Counter(finding.rule for finding in report.findings)
    found = ", ".join(f"{n} {rule}" for rule, n in sorted(rules.items()))
    total = f"{counted(len(report.findings), 'mistake')} ({found})" if found else "no mistake"
    return f"validate: {total}; {scope} in {report.seconds:.1f} s"


def as_json(report: Report) -> str:
    """The same for a program."""
    return json.dumps(
        {
            "findings": [
                {
                    "file": f.file.as_posix(),
                    "line": f.line,
                    "column": f.column,
                    "rule": f.rule,
                    "message": f.message,
                    "hint": f.hint,
                }
                for f in report.findings
            ],
            "unanalysed": [
                {"file": n.file.as_posix(), "line": n.line, "reason": n.reason}
                for n in report.notes
            ],
            "objects": report.objects,
            "statements": report.statements,
            "seconds": round(report.seconds, 3),
        },
        indent=2,
    )


def finding(finding: Finding) -> str:
    """One finding as a compiler tells it: place, rule, line with a mark below, hint."""
    number = str(finding.line)
    margin = " " * len(number)
    # A tab before the caret must be as wide as in the excerpt.
    before = "".join(c if c == "\t" else " " for c in finding.excerpt[: finding.column - 1])
    return (
        f"{finding.file.as_posix()}:{finding.line}:{finding.column}: "
        f"error[{finding.rule}]: {finding.message}\n"
        f" {margin} |\n"
        f" {number} | {finding.excerpt}\n"
        f" {margin} | {before}{'^' * finding.length}\n"
        f" {margin} = hint: {finding.hint}\n"
    )
