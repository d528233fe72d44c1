"""What a notification tells to do first: commands, and which pages are concerned."""

from __future__ import annotations

import re

import pytest

from eros.project import alerts
from eros.project.alerts import alert_policy
from eros.project.settings import PROJECT_ROOT, Settings


@pytest.fixture
def rules(settings: Settings) -> dict[str, alerts.Rule]:
    return {rule.id: rule for rule in alerts.of(settings, PROJECT_ROOT).rules}


# Rules that count creators' pages, or requests for their schedules.
_OF_PAGES = re.compile(r"creators|requests|available captions")


def test_a_rule_that_counts_pages_has_a_step_that_names_them(
    rules: dict[str, alerts.Rule],
) -> None:
    counting = [rule for rule in rules.values() if _OF_PAGES.search(rule.unit)]
    assert [rule.id for rule in counting] == ["A04", "A09", "A18", "A19", "A28"]
    for rule in counting:
        named = []
        for step in rule.first_steps:
            found = re.search(r"^eros monitor (\w+)$|^eros query \"SELECT .*\bFROM (\w+)", step)
            [file] = (
                (PROJECT_ROOT / "sql").glob(f"*/{found[1] or found[2]}.sql") if found else [None]
            )
            if file and "page_name" in file.read_text(encoding="utf-8").partition("FROM")[0]:
                named.append(step)
        assert named, rule.id


def test_a_step_that_reads_rows_is_a_command(rules: dict[str, alerts.Rule]) -> None:
    steps = [step for rule in rules.values() for step in rule.first_steps]
    assert not [step for step in steps if step.startswith("SELECT")]
    asked = [step for step in steps if step.startswith("eros query ")]
    assert len(asked) == 5
    text = alert_policy.documentation(rules["A28"], "docs/runbook.md", "prod")
    assert 'ORDER BY completed_at DESC" --stack prod`' in text
