"""Settings that would undo what they are for."""

from __future__ import annotations

import pytest

from bqstack.errors import UserError
from bqstack.plan import markdown
from bqstack.plan.whole_plan import Plan
from eros.project.stack_file import parse
from tests.unit.conftest import VALUES


@pytest.mark.parametrize(
    ("values", "key", "words"),
    [
        ({"limits": {"maximumBytesBilled": 1}}, "eros:limits.maximumBytesBilled", "10485760"),
        (
            {"backup": {"bucket": "test-bucket", "dataset": "Brain"}},
            "eros:backup",
            "dataset is Brain, the dataset to be backed up: choose another",
        ),
    ],
)
def test_a_value_that_undoes_its_purpose_is_refused(values, key, words):
    with pytest.raises(UserError) as caught:
        parse(VALUES | values, "Pulumi.staging.yaml")
    assert caught.value.key == key
    assert words in str(caught.value)


def test_a_byte_limit_may_be_what_every_query_bills():
    limits = {"limits": {"maximumBytesBilled": 10 * 2**20}}
    assert parse(VALUES | limits, "f").limits.maximum_bytes_billed == 10_485_760


@pytest.mark.parametrize(("days", "warned"), [(30, False), (7, False), (6, True), (1, True)])
def test_backups_that_go_earlier_than_bigquerys_own_history_are_warned_of(days, warned):
    backup = {"bucket": "test-bucket", "dailyRetentionDays": days}
    settings = parse(VALUES | {"backup": backup}, "f")
    assert any("dailyRetentionDays" in text for text in settings.warnings) is warned
    shown = markdown.render(Plan("s", "a", "b", (), settings_warnings=tuple(settings.warnings)))
    assert ("eros:backup.dailyRetentionDays is" in shown) is warned


@pytest.mark.parametrize(
    ("environment", "runbook", "refused"),
    [
        ("prod", None, True),
        ("staging", "http://wiki.example.com/runbook", True),
        ("prod", "https://example.com/eros/docs/runbook.md", False),
        ("local", None, False),
    ],
)
def test_a_shared_stack_whose_notifications_lead_nowhere_is_refused(environment, runbook, refused):
    values = {key: value for key, value in VALUES.items() if key != "runbook"}
    values |= {"environment": environment} | ({"runbook": runbook} if runbook else {})
    if not refused:
        assert parse(values, "f").warnings == []
        return
    with pytest.raises(UserError, match=r"eros:runbook https://\.\.\./docs/runbook\.md"):
        parse(values, "f")
