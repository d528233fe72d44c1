"""Twelve typical mistakes in SQL, YAML and settings, for whoever must find them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SWEEP = "sql/procedures/sweep_expired_caption_locks.sql"
STATISTICS = "sql/tables/caption_bandit_stats.sql"


@dataclass(frozen=True)
class Mistake:
    """`good` becomes `bad` in a file; the finding stands at `at`."""

    file: str
    good: str
    bad: str
    rule: str
    at: str
    hint: str = ""


MISTAKES = {
    "a column misspelt in a procedure": Mistake(
        SWEEP, "is_active = FALSE", "is_activ = FALSE", "unknown-column", "is_activ"
    ),
    "a column misspelt in a view": Mistake(
        "sql/views/active_lock_status.sql",
        "MIN(assigned_at)",
        "MIN(asigned_at)",
        "unknown-column",
        "asigned_at",
    ),
    "a keyword misspelt": Mistake(
        SWEEP, "SELECT AS STRUCT", "SELCT AS STRUCT", "syntax", "SELCT", "did you mean SELECT?"
    ),
    "a comma missing between columns": Mistake(
        STATISTICS,
        "counted, without any prior'),\n    failures",
        "counted, without any prior')\n    failures",
        "syntax",
        "failures",
    ),
    "an unknown type": Mistake(
        STATISTICS,
        "caption_key STRING",
        "caption_key STRIN",
        "wrong-type",
        "STRIN",
        "did you mean STRING?",
    ),
    "a name that no setting has": Mistake(
        SWEEP,
        "automation.stale_lock_days }} DAY",
        "automation.stale_lock_dayz }} DAY",
        "file",
        "",
        "did you mean automation.stale_lock_days?",
    ),
    "a schedule of a procedure that is not there": Mistake(
        "config/schedules.yaml",
        ".refresh_holiday_calendar(",
        ".refresh_holiday_calender(",
        "missing-object",
        "refresh_holiday_calender",
        "did you mean refresh_holiday_calendar?",
    ),
    "a key misspelt in a schedule": Mistake(
        "config/schedules.yaml", "priority: LOW", "prioritee: LOW", "file", "prioritee", "priority"
    ),
    "a colon missing in YAML": Mistake(
        "config/schedules.yaml",
        "schedule: every monday 04:25",
        "schedule every monday 04:25",
        "file",
        "schedule every",
    ),
    "a key misspelt in a dashboard": Mistake(
        "config/dashboards/system.yaml", "widget:", "widgt:", "file", "widgt", "widget"
    ),
    "a type of channel that there is not": Mistake(
        "config/channels.yaml", "type: slack", "type: slak", "file", "type"
    ),
    "a unit that Monitoring has not": Mistake(
        "config/metrics.yaml", 'unit: "1"', "unit: parsec", "file", "unit"
    ),
}


def make(tree: Path, mistake: Mistake) -> None:
    """Write a mistake into a copy of the project."""
    path = tree / mistake.file
    text = path.read_text(encoding="utf-8")
    assert mistake.good in text
    path.write_text(text.replace(mistake.good, mistake.bad, 1), encoding="utf-8")
