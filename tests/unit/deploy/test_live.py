"""A schedule that has never run well is shown before the first night is believed."""

from __future__ import annotations

from types import SimpleNamespace

from eros.operations.deploy import Level, Site, live_checks
from eros.project import schedules
from eros.project.stack_file import load_stack_file


def test_schedules_without_a_good_run_are_named(monkeypatch):
    site = Site("local", SimpleNamespace(settings=load_stack_file("local")))  # type: ignore[arg-type]
    first, *others = schedules.transfer_configs(site.google.settings)
    monkeypatch.setattr(
        live_checks.transfers, "has_succeeded", lambda _, config: config.title != first.title
    )
    finding = live_checks.runs(site)
    assert finding.level is Level.WARNING
    assert finding.text == f"no run succeeded yet: {first.title}"
    assert others
    monkeypatch.setattr(live_checks.transfers, "has_succeeded", lambda *_: True)
    assert live_checks.runs(site).level is Level.OK
