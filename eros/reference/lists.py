"""What follows from settings and catalogues in files that are otherwise written by hand.

The table of rules in docs/alerts.md, and the values with which sqlfluff renders the SQL.
"""

from __future__ import annotations

import re
from pathlib import Path

from bqstack import texts
from bqstack.errors import UserError
from eros.project import alerts
from eros.project.alerts import alert_policy
from eros.project.alerts.loaded_rules import Rule
from eros.project.settings import Settings

RULES = Path("docs/alerts.md")
STYLE = Path(".sqlfluff")
SECTIONS = ("prices", "limits", "thresholds", "automation", "selection", "retention")
"""Sections of the settings that templates of SQL may use."""
_TABLE = re.compile(
    r"(?<=^\| --- \| --- \| --- \| --- \| --- \| --- \| --- \| --- \|\n)(?:\|.*\n)*", re.M
)


def pages(settings: Settings, root: Path) -> dict[Path, str]:
    """The files below `root` as they should be; raises UserError where the place is gone."""
    rules = alerts.of(settings, root).rules
    rows = "".join(f"{_row(rule)}\n" for rule in sorted(rules, key=lambda rule: rule.id))
    found = {RULES: _replaced(root, RULES, _TABLE, rows)}
    style = texts.read(root / STYLE, STYLE)
    for section in SECTIONS:
        line = re.compile(rf"^{section} = .*$", re.M)
        values = f"{section} = {getattr(settings, section).model_dump()!r}"
        style = _put(style, STYLE, line, values)
    return found | {STYLE: style}


def _row(rule: Rule) -> str:
    def time(minutes: int | None) -> str:
        return alert_policy.duration(minutes) if minutes else ""

    cells = (
        f"[{rule.id}]({alert_policy.runbook_link('runbook.md', rule)})",
        rule.title,
        rule.severity,
        rule.priority,
        alert_policy.fires(rule),
        "SQL" if rule.metric is None else "Cloud Monitoring",
        time(rule.repeat_every),
        time(rule.escalate_after),
    )
    return f"| {' | '.join(cells)} |"


def _replaced(root: Path, path: Path, place: re.Pattern[str], text: str) -> str:
    return _put(texts.read(root / path, path), path, place, text)


def _put(whole: str, path: Path, place: re.Pattern[str], text: str) -> str:
    found, count = place.subn(lambda _: text, whole, count=1)
    if count != 1:
        raise UserError("the place where `eros docs` writes is missing", file=path)
    return found
