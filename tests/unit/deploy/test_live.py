"""A schedule that has never run well is shown before the first night is believed."""

from __future__ import annotations

import re
from types import SimpleNamespace

from bqstack.catalogue.sql_objects import Kind
from eros.operations.deploy import Level, Site, live_checks, procedure_trials
from eros.project import schedules
from eros.project.project import Project
from eros.project.stack_file import load_stack_file


def test_every_procedure_is_reached_by_a_schedule_or_tried():
    """By the text of the calls: what is called by something that runs, runs with it."""
    project = Project.load("local")
    bodies = {item.name: item.body for item in project.sql.routines if item.kind is Kind.PROCEDURE}
    starts = [trial.procedure for trial in procedure_trials.trials("UTC")]
    texts = [config.query for config in schedules.transfer_configs(project.settings)]
    texts += [bodies[name] for name in starts]
    reached = set(starts)
    while texts:
        called = set(re.findall(r"CALL [^;(]*?(\w+)\s*\(", texts.pop())) & set(bodies)
        texts += [bodies[name] for name in called - reached]
        reached |= called
    assert set(bodies) - reached == set()


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
