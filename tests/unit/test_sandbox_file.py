"""The file of a sandbox, and what must not become one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

import pytest
import yaml

from bqstack.errors import UserError
from eros.cli import sandbox as cli
from eros.project.files import written_elsewhere
from eros.project.project import Project
from eros.project.settings import PROJECT_ROOT
from eros.sandbox import clonable, sandbox_file
from eros.sandbox.sandbox_file import Data

TODAY = date(2026, 11, 30)


def written(root: Path, source: str, **more: object) -> None:
    file = root / f"Pulumi.{source}.yaml"
    content = yaml.safe_load((PROJECT_ROOT / file.name).read_text(encoding="utf-8"))
    content["config"] |= {f"eros:{key}": value for key, value in more.items()}
    file.write_text(yaml.safe_dump(content), encoding="utf-8")


@pytest.fixture
def root(tmp_path):
    written(
        tmp_path,
        "prod",
        importTables=["health_checks"],
        allowLoss=["a: drop"],
        access={
            "builders": ["group:b@example.com"],
            "readers": ["group:r@example.com"],
            "sandboxOwners": ["group:s@example.com"],
        },
        secrets={"slack": {"secure": "v1:abc"}},
    )
    return tmp_path


def test_a_sandbox_has_the_values_of_its_source_and_none_of_its_rights(root, monkeypatch):
    monkeypatch.setenv("EROS_SANDBOX_OWNER", "Alice.B")
    content = sandbox_file.document("alice", "prod", Data.CLONE, TODAY, 7, root)
    settings = sandbox_file.settings(content, "alice", root)
    assert (settings.stack, settings.dataset) == ("alice", "eros_scheduling_brain_alice")
    assert settings.lease is not None
    assert (settings.lease.owner, settings.lease.source) == ("alice_b", "prod")
    assert settings.lease.expires == date(2026, 12, 7)
    assert settings.access.readers == ["group:r@example.com"]
    assert not settings.access.builders
    assert not settings.access.sandbox_owners
    assert not settings.secrets
    assert settings.schedules_paused
    assert not settings.adopts_external_tables
    assert settings.dataset_labels["expires"] == "2026-12-07"
    assert settings.table_lifetime_ms == 8 * 24 * 60 * 60 * 1000


def test_what_is_written_is_what_is_read(root):
    content = sandbox_file.document("alice", "prod", Data.NONE, TODAY, 1, root)
    sandbox_file.write("alice", content, root)
    assert sandbox_file.read("alice", root) == sandbox_file.settings(content, "alice", root)
    assert sandbox_file.names(root) == ["alice"]
    assert sandbox_file.chosen(None, root).stack == "alice"


def test_a_sandbox_is_made_from_none_and_named_among_several(root):
    for name in ("alice", "bob"):
        sandbox_file.write(
            name, sandbox_file.document(name, "prod", Data.NONE, TODAY, 1, root), root
        )
    with pytest.raises(UserError, match=r"--from prod"):
        sandbox_file.document("carol", "alice", Data.NONE, TODAY, 1, root)
    with pytest.raises(UserError, match="alice, bob"):
        sandbox_file.chosen(None, root)
    with pytest.raises(UserError, match="was not created by"):
        sandbox_file.read("prod", root)


@pytest.mark.parametrize("text", ["7", "0d", "91d", "week", "-1d"])
def test_a_lifetime_that_is_none_is_refused(text):
    with pytest.raises(UserError, match="1 to 90 days"):
        sandbox_file.lifetime(text)


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("Alice_1", "eros sandbox create alice1"),
        ("9", "eros sandbox create alice"),
        ("local", "eros sandbox create alice"),
        ("averyveryverylongname1", "eros sandbox create averyveryverylongnam"),
        ("demo", "another name for the sandbox"),
    ],
)
def test_a_name_that_is_none_is_refused_as_it_was_typed(root, name, fix):
    (root / "Pulumi.demo.yaml").write_text("config: {}\n", encoding="utf-8")
    with pytest.raises(UserError) as caught:
        sandbox_file.check_name(name, root)
    # Not by a file that is not there.
    assert (caught.value.file, caught.value.key) == (None, "NAME")
    assert caught.value.fix == fix
    sandbox_file.check_name("alice", root)


def test_a_number_of_days_is_refused_with_what_to_write():
    with pytest.raises(UserError) as caught:
        sandbox_file.lifetime("14")
    assert caught.value.fix == "--expires 14d"


def test_only_a_sandbox_has_a_lease(root):
    written(root, "staging", lease={"owner": "a", "expires": "2026-12-01", "source": "prod"})
    with pytest.raises(UserError, match="only a sandbox"):
        sandbox_file.document("alice", "staging", Data.NONE, TODAY, 1, root)


def test_what_cannot_be_cloned_is_named():
    table = {
        "type": "TABLE",
        "schema": {
            "fields": [
                {"name": "a", "fields": [{"name": "b", "policyTags": {"names": ["t/1"]}}]},
            ]
        },
    }
    assert list(clonable.obstacles("x", table, ["mine"])) == [
        "x (row access policies mine)",
        "x.a.b (policy tags t/1)",
    ]
    assert list(clonable.obstacles("x", {"type": "EXTERNAL"}, [])) == ["x (external)"]
    assert list(clonable.obstacles("x", {"type": "MATERIALIZED_VIEW"}, [])) == [
        "x (materialized view)"
    ]


def test_a_sandbox_writes_to_itself_only():
    content = sandbox_file.document("alice", "local", Data.NONE, TODAY, 1, PROJECT_ROOT)
    settings = sandbox_file.settings(content, "alice", PROJECT_ROOT)
    project = Project(settings)
    assert not list(written_elsewhere(settings, project.sql, project.schedules))
    lock = project.sql.objects["release_lock"]
    own = "UPDATE `eros-local`.`eros_scheduling_brain_alice`.automation_locks"
    assert own in lock.sql
    changed = replace(lock, sql=lock.sql.replace(own, own.replace("_alice", "")))
    [found] = written_elsewhere(settings, [changed], None)
    assert found.file == Path("sql/procedures/release_lock.sql")
    assert changed.sql.splitlines()[found.line - 1].strip().startswith("UPDATE")
    assert "eros-local.eros_scheduling_brain.automation_locks" in found.message
    elsewhere = settings.model_copy(update={"dataset": "another"})
    [first, *_] = written_elsewhere(elsewhere, [], project.schedules)
    assert (first.file, first.line) == (Path("config/schedules.yaml"), 1)


@pytest.mark.parametrize("command", ["create", "destroy"])
def test_who_interrupts_hears_what_finishes_it(command, root, monkeypatch, capsys):
    def interrupted(*_: object, **__: object) -> None:
        (root / "Pulumi.alice.yaml").write_text("config: {eros:sandbox: alice}\n", "utf-8")
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "PROJECT_ROOT", root)
    monkeypatch.setattr(cli.sandboxes, command, interrupted)
    begin = {"create": cli.create, "destroy": partial(cli.destroy, yes=True)}[command]
    with pytest.raises(KeyboardInterrupt):
        begin("alice")
    said = capsys.readouterr().err
    assert f"alice is not whole: eros sandbox {command} alice finishes it" in said
