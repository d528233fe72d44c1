"""Journal, report and words of a rollback."""

from __future__ import annotations

import json

import pytest

from bqstack import guard
from bqstack.errors import UserError
from eros.operations.rollback import change_words, rollback_journal, rollback_report
from eros.operations.rollback.updates import Step
from tests.unit.rollback.states import GOOGLE, STACK, table, update


def test_an_interrupted_step_is_made_again(begun):
    with begun.step("backup") as record:
        record.facts["backup"] = "b1"
    with pytest.raises(KeyboardInterrupt), begun.step("pause"):
        raise KeyboardInterrupt
    found = rollback_journal.unfinished("local")
    assert found.facts("backup") == {"backup": "b1"}
    assert found.facts("pause") is None


def test_an_ended_rollback_is_not_resumed(begun):
    begun.close("done")
    assert rollback_journal.unfinished("local") is None
    assert rollback_journal.unfinished("prod") is None


def test_a_journal_of_another_version_is_reported(begun):
    (begun.folder / "journal.json").write_text('{"format": 0}')
    with pytest.raises(UserError, match="that this version can read"):
        rollback_journal.unfinished("local")


@pytest.mark.parametrize(("after", "kept"), [(94, True), (74, False)])
def test_the_report_compares_health(begun, after, kept):
    for name, found in (
        ("backup", {"backup": "b1"}),
        ("data", {"backup": "b0"}),
        ("verify", {"health": {"health_score": after, "status": "HEALTHY"}}),
    ):
        with begun.step(name) as record:
            record.facts.update(found)
    written = rollback_report.write(begun, status="done")
    assert written.health_kept is kept
    content = json.loads((begun.folder / "report.json").read_text())
    assert content["health"] == {"before": 94, "after": after, "status": "HEALTHY"}
    assert content["safety_backup"] == "b1"
    text = (begun.folder / "report.md").read_text()
    assert "- table captions: changed back" in text
    assert "from backup b0" in text
    assert "git revert" in text


def test_changes_are_reported_in_words():
    reported = guard.compare([table(columns="caption_id language")], [table(), table("extra")])
    assert [change_words.change(c) for c in reported] == [
        "table captions: changed back: column language STRING is dropped",
        "table extra: made again",
    ]


def test_what_only_the_engine_knows_is_reported_too():
    step = Step(GOOGLE, "update", ("bigQueryCustomEndpoint",))
    stack = Step(STACK, "update", ())
    assert change_words.others([step, stack], []) == ["google: update (bigQueryCustomEndpoint)"]


def test_an_updates_commit_and_counts_fit_into_a_line():
    given = update(3, dirty=True, changes={"same": 9, "create": 2, "delete": 0})
    assert change_words.commit(given) == "333333333+"
    assert change_words.counts(given) == "2 created"
    assert change_words.commit(update(1, commit="")) == "-"
