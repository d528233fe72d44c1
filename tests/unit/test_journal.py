"""The journal that deployments and rollbacks share, which a later process goes on from."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from bqstack.errors import UserError
from eros.operations import journal
from eros.operations.deploy import deploy_journal as deployments
from eros.operations.rollback import rollback_journal as rollbacks

# As the version before the common journal wrote them.
DEPLOYMENT = {
    "format": 1,
    "id": "20261122_050000_abcdef",
    "stack": "local",
    "commit": "c0ffee",
    "records": [
        {
            "name": "lock",
            "started": "2026-11-22T05:00:00.123456+00:00",
            "ended": "2026-11-22T05:00:01.123456+00:00",
            "result": "done",
            "facts": {"holder": "me"},
            "error": "",
        },
        {
            "name": "backup",
            "started": "2026-11-22T05:00:02+00:00",
            "ended": "",
            "result": "running",
            "facts": {},
            "error": "",
        },
    ],
    "status": "running",
    "dry_run": False,
}
ROLLBACK = {
    "format": 1,
    "stack": "local",
    "target": "update 3",
    "version": 3,
    "file": None,
    "target_time": "t",
    "drop": [],
    "lift": [],
    "tables": [],
    "data_time": "",
    "data_backup": "",
    "clear_locks": False,
    "backup": True,
    "words": [],
    "hint": "",
    "health_before": {"health_score": 94},
    "began": "2026-11-22T05:00:00.000+00:00",
    "steps": [
        {
            "name": "backup",
            "started": "2026-11-22T05:00:00.000+00:00",
            "ended": "2026-11-22T05:00:02.500+00:00",
            "facts": {"backup": "b1"},
        },
        {
            "name": "pause",
            "started": "2026-11-22T05:00:03.000+00:00",
            "ended": None,
            "facts": {},
        },
    ],
    "taken": [],
    "status": "running",
}


@pytest.fixture(autouse=True)
def logs(monkeypatch, tmp_path):
    monkeypatch.setenv("EROS_LOG_DIR", str(tmp_path))


def written(kind: type[journal.Journal], content: dict) -> None:
    folder = kind.parent("local") / "20261122_050000"
    folder.mkdir(parents=True)
    (folder / journal.FILE).write_text(json.dumps(content), encoding="utf-8")


def test_a_deployment_of_the_version_before_goes_on():
    written(deployments.Journal, DEPLOYMENT)
    found = deployments.unfinished("local")
    assert found.facts("lock") == {"holder": "me"}
    assert found.facts("backup") is None
    assert found.has_begun("backup")
    assert found.records[0].seconds == 1.0
    assert found.document() == DEPLOYMENT, "its file keeps its form"


def test_a_rollback_of_the_version_before_goes_on():
    written(rollbacks.Journal, ROLLBACK)
    found = rollbacks.unfinished("local")
    assert found.facts("backup") == {"backup": "b1"}
    assert found.facts("pause") is None
    assert [record.result for record in found.records] == ["done", "interrupted"]
    assert [record.seconds for record in found.records] == [2.5, 0.0]
    with found.step("pause") as record:
        record.facts["changed"] = 1
    again = rollbacks.unfinished("local")
    assert again.facts("pause") == {"changed": 1}
    assert again.document().keys() == ROLLBACK.keys(), "its file keeps its form"


@pytest.mark.parametrize(
    ("error", "result"),
    [(KeyboardInterrupt(), "interrupted"), (UserError("no connection"), "failed")],
)
def test_a_step_that_ends_by_an_error_is_not_done(error, result):
    written(rollbacks.Journal, ROLLBACK)
    found = rollbacks.unfinished("local")
    with pytest.raises(type(error)), found.step("pause"):
        raise error
    last = rollbacks.unfinished("local").records[-1]
    assert (last.name, last.result) == ("pause", result)
    assert rollbacks.unfinished("local").facts("pause") is None


@pytest.mark.parametrize("kind", [deployments.Journal, rollbacks.Journal])
@pytest.mark.parametrize("content", [{"format": 2}, {"format": 1}, [], {"format": 1, "records": 7}])
def test_a_journal_of_another_form_is_refused_with_the_way_on(kind, content):
    written(kind, content)
    with pytest.raises(UserError, match=f"journal of a {kind.KIND}.*can read") as refused:
        list(kind.newest_first("local"))
    assert "move its folder away" in refused.value.fix


def test_a_record_is_kept_as_it_is():
    record = journal.Record("up", "2026-11-22T05:00:00+00:00", result="failed", error="e")
    assert journal.Record.read(asdict(record)) == record
