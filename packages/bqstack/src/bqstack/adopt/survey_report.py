"""A survey for people and for programs."""

from __future__ import annotations

from bqstack import amounts
from bqstack.adopt.survey_parts import Finding, Status, Survey
from bqstack.guard import Action
from bqstack.unchecked import JsonObject

_SIGNS = {
    Status.MATCHES: "=",
    Status.DIFFERS: "~",
    Status.REFERRED: "·",
    Status.ONLY_LIVE: "?",
    Status.ONLY_PROGRAM: "+",
    Status.UNREAD: "-",
}
# What is listed by its kind only.
_BY_KIND = {
    Status.ONLY_PROGRAM: "only in the program",
    Status.UNREAD: "not looked up; `up` fails if it exists",
}


def text(survey: Survey) -> str:
    """One line per object with what differs, those to be created by kind, then the numbers."""
    lines = []
    for finding in survey.findings:
        if finding.status in _BY_KIND:
            continue
        sign = "!" if finding.blocks else _SIGNS[finding.status]
        lines.append(f"{sign} {finding.kind} {finding.name}{_size(finding)}: {_said(finding)}")
        lines += [f"    {line}" for line in details(finding)]
    for status, what in _BY_KIND.items():
        kinds: dict[str, list[str]] = {}
        for finding in survey.of(status):
            kinds.setdefault(finding.kind, []).append(finding.name)
        for kind, names in kinds.items():
            lines.append(f"{_SIGNS[status]} {kind}, {what}: {', '.join(names)}")
    return "\n".join([*lines, "", summary(survey)])


def summary(survey: Survey) -> str:
    """How many objects of each status."""
    counts = [f"{len(survey.of(status))} {status.value}" for status in Status if survey.of(status)]
    blocked = sum(finding.blocks for finding in survey.findings)
    counted = ", ".join(counts) or "nothing to adopt"
    return f"{counted}; {blocked} would be replaced or lose data" if blocked else counted


def details(finding: Finding) -> list[str]:
    """What differs, one line each, with what is lost by it."""
    if finding.change is None:
        return []
    lines = []
    for detail in finding.change.details:
        loss = f" ({detail.loss.name.lower()})" if detail.loss else ""
        reason = f"; {detail.reason}" if detail.reason else ""
        lines.append(f"{detail.text}{reason}{loss}")
    return lines


def document(survey: Survey) -> JsonObject:
    """The survey for programs."""
    return {
        "stack": survey.stack,
        "safe": survey.safe,
        "counts": {status.value: len(survey.of(status)) for status in Status},
        "objects": [
            {
                "kind": finding.kind,
                "name": finding.name,
                "status": finding.status.value,
                "id": finding.live.id if finding.live else None,
                "rows": finding.live.rows if finding.live else None,
                "imported": finding.imported,
                "blocks": finding.blocks,
                "action": finding.change.action.value if finding.change else None,
                "details": details(finding),
                "undeclared": list(finding.undeclared),
                "advice": finding.advice,
            }
            for finding in survey.findings
        ],
    }


def markdown(survey: Survey, again: str) -> str:
    """The survey as a document, with the commands that carry it out."""
    rows = [
        f"| {finding.kind} | `{finding.name}` | {finding.status.value} "
        f"| {'<br>'.join(_cell(line) for line in details(finding))} | {finding.advice} |"
        for finding in survey.findings
    ]
    parts = [
        f"# Adoption of {survey.stack}\n",
        f"{summary(survey)}.\n",
        "## Commands\n",
        "```sh",
        *commands(survey, "import.json", again),
        "```\n",
        "## Objects\n",
        "| kind | name | status | the first up changes | what to do |",
        "| --- | --- | --- | --- | --- |",
        *rows,
    ]
    return "\n".join(parts) + "\n"


def commands(survey: Survey, file: str, again: str) -> list[str]:
    """How the import in `file` is carried out and looked at.

    An object that only exists is in no import before sql/ declares it: `again` is the command
    that makes this survey.
    """
    found = []
    if written := sum(finding.has_file for finding in survey.findings):
        what = "1 object exists" if written == 1 else f"{written:,} objects exist"
        found += [f"# {what} only live: put the files that you want into sql/, then", again]
    if any(finding.imported for finding in survey.findings):
        found.append(f"pulumi import --stack {survey.stack} --file {file} --generate-code=false")
    return [
        *found,
        f"pulumi preview --stack {survey.stack} --diff   # no replacement, no deletion",
        f"pulumi up --stack {survey.stack}",
    ]


def _said(finding: Finding) -> str:
    if finding.blocks and finding.change is not None:
        replaced = finding.change.action is Action.REPLACE
        return f"would {'be replaced' if replaced else 'lose data'}; {finding.advice}"
    return f"{finding.status.value}; {finding.advice}"


def _size(finding: Finding) -> str:
    if finding.live is None or finding.live.rows is None:
        return ""
    return f" ({amounts.counted(finding.live.rows, 'row')})"


def _cell(line: str) -> str:
    return line.replace("|", "&#124;").replace("\n", " ")
