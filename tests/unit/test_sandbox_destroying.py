"""Destroying a sandbox whose local cloud is no longer where it was."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from eros.sandbox import destroying, remains, sandbox_file

KEY = "monitoringCustomEndpoint"


@pytest.mark.parametrize(("port", "has_moved"), [(1, False), (2, True)])
def test_the_program_says_where_a_local_cloud_is_that_has_moved(
    port, has_moved, monkeypatch, tmp_path
):
    """The engine takes the addresses of its state; a broken program must not keep a sandbox."""
    (tmp_path / "Pulumi.alice.yaml").write_text("config: {}\n", encoding="utf-8")
    provider = SimpleNamespace(type="pulumi:providers:gcp", inputs={KEY: "http://127.0.0.1:1/"})
    table = SimpleNamespace(type="gcp:bigquery/table:Table", inputs={})
    held = SimpleNamespace(resources=[provider, table])
    commands: list[tuple[str, ...]] = []
    monkeypatch.setattr(sandbox_file, "read", lambda *_: None)
    monkeypatch.setattr(destroying, "Google", lambda *_: SimpleNamespace(settings=None))
    monkeypatch.setattr(destroying.state, "has_stack", lambda *_: True)
    monkeypatch.setattr(destroying.state, "current", lambda *_: held)
    monkeypatch.setattr(destroying.endpoints, "load", lambda *_: {KEY: f"http://127.0.0.1:{port}/"})
    monkeypatch.setattr(destroying.repair, "repair", lambda *_, **__: None)
    monkeypatch.setattr(remains, "find", lambda *_: [])
    monkeypatch.setattr(destroying.engine, "run_quietly", lambda *a, **_: commands.append(a))
    monkeypatch.setattr(destroying.engine, "output", lambda *a, **_: commands.append(a))
    assert destroying.destroy("alice", root=tmp_path, progress=lambda _: None) == []
    assert [one[0] for one in commands] == ["destroy", "stack"]
    assert ("--run-program" in commands[0]) is has_moved
    assert not (tmp_path / "Pulumi.alice.yaml").exists()
