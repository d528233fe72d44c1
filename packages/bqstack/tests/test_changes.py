"""The classifier against changes that a person has judged (packages/bqstack/tests/changes/)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pulumi
import pulumi_gcp as gcp
import pytest
import yaml

from bqstack import resources
from bqstack.catalogue import Kind, Routine, SqlObject, Table, View, ddl
from bqstack.guard import Change, Loss, compare, declarations
from bqstack.target import Stack

FOLDER = Path(__file__).parent / "changes"
TARGET = Stack("test-project", "brain")
_WORDS = {
    "TABLE FUNCTION": (Kind.TABLE_FUNCTION, "CREATE OR REPLACE TABLE FUNCTION"),
    "TABLE": (Kind.TABLE, "CREATE TABLE IF NOT EXISTS"),
    "MATERIALIZED VIEW": (Kind.MATERIALIZED_VIEW, "CREATE MATERIALIZED VIEW IF NOT EXISTS"),
    "VIEW": (Kind.VIEW, "CREATE OR REPLACE VIEW"),
    "FUNCTION": (Kind.FUNCTION, "CREATE OR REPLACE FUNCTION"),
    "PROCEDURE": (Kind.PROCEDURE, "CREATE OR REPLACE PROCEDURE"),
}


@dataclass(frozen=True)
class Case:
    """A change with the judgement of a person."""

    id: str
    why: str
    action: str
    loss: str
    old: Any = None
    new: Any = None
    type: str = ""
    of: str = ""
    beside: tuple[dict[str, Any], ...] = ()
    """Resources on both sides, each with `type` and `inputs`."""

    @property
    def judged(self) -> str:
        """Name of the object that the judgement is about."""
        if self.type:
            return self.id
        first = self.old or self.new
        text = first if isinstance(first, str) else first[0]
        return f"{self.id}_{self.of or text.partition('@')[2].split()[0].partition('(')[0]}"


@dataclass(frozen=True)
class Resource:
    """A resource of a case that is written as inputs."""

    urn: str
    type: str
    name: str
    inputs: dict[str, Any]
    custom: bool = True
    protect: bool = field(default=False)


def cases(*files: str) -> list[Case]:
    """All cases, numbered by file; one with `each` is a case for each of these, for its `~`."""
    found = []
    for name in files:
        written = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
        entries = [one for entry in written for one in _each(entry)]
        found += [Case(id=f"{name}{n}", **entry) for n, entry in enumerate(entries, 1)]
    return found


def _each(entry: dict[str, Any]) -> list[dict[str, Any]]:
    values = entry.pop("each", None)
    return [entry] if values is None else [_filled(entry, value) for value in values]


def _filled(part: Any, value: Any) -> Any:
    if part == "~":
        return value
    if isinstance(part, dict):
        return {key: _filled(item, value) for key, item in part.items()}
    if isinstance(part, list):
        return [_filled(item, value) for item in part]
    return part.replace("~", str(value)) if isinstance(part, str) else part


SQL = cases("columns", "layout", "routines", "views", "scripts")
CLOUD = cases("cloud", "warnings")
ALL = [*SQL, *CLOUD]


def objects(side: Any, prefix: str) -> list[SqlObject]:
    """Objects of one side of a case, under names of their own."""
    return [_object(text, prefix) for text in ([side] if isinstance(side, str) else side or [])]


def _object(text: str, prefix: str) -> SqlObject:
    words = next(words for words in _WORDS if text.startswith(words))
    kind, create = _WORDS[words]
    place = f"`{TARGET.project}`.`{TARGET.dataset}`.{prefix}_"
    name = prefix + "_" + text.partition("@")[2].split()[0].partition("(")[0]
    sql = create + text.removeprefix(words).replace("@", place)
    return ddl.read(kind, sql, Path(f"{name}.sql"), TARGET.project, TARGET.dataset)


def declared(side: str) -> list[declarations.Declared]:
    """What the library declares for one side of all cases."""

    def declare() -> None:
        dataset = gcp.bigquery.Dataset("d", dataset_id=TARGET.dataset, project=TARGET.project)
        place = resources.Place(TARGET, dataset.dataset_id)
        # A program keeps each kind below a parent of its own.
        tables, routines, views = (
            pulumi.ComponentResource(f"shop:{kind}:All", kind)
            for kind in ("table", "routine", "view")
        )
        for case in SQL:
            for item in objects(getattr(case, side), case.id):
                match item:
                    case Table():
                        resources.table(place, item, parent=tables)
                    case Routine():
                        resources.routine(place, item, [], routines)
                    case View():
                        resources.view(place, item, [], views)

    return declarations.declarations(declare, project="shop", stack="test").resources


def _resource(case: Case, inputs: dict[str, Any]) -> Resource:
    return Resource(case.id, f"gcp:{case.type}", case.id, inputs)


@cache
def judged_by_code() -> dict[str, Change]:
    """Changes by the name of the object."""
    changes = compare(declared("old"), declared("new"))
    for side in CLOUD:
        beside = [
            Resource(f"{side.id}-{n}", f"gcp:{one['type']}", f"beside{n}", one["inputs"])
            for n, one in enumerate(side.beside)
        ]
        sides = [
            [*beside, *([_resource(side, inputs)] if inputs is not None else [])]
            for inputs in (side.old, side.new)
        ]
        changes += compare(*sides)
    found: dict[str, Change] = {}
    for change in changes:
        # A view in the place of a table is two changes of one name: the deletion is judged.
        if change.name not in found or change.action.value == "delete":
            found[change.name] = change
    return found


@pytest.mark.parametrize("case", ALL, ids=lambda case: f"{case.id}: {case.why}")
def test_a_change_is_judged_as_a_person_judges_it(case):
    change = judged_by_code().get(case.judged)
    action = change.action.value if change else "same"
    loss = change.loss.name.lower() if change else "none"
    shown = [f"{d.text}: {d.loss.name}" for d in change.details] if change else []
    assert (action, loss) == (case.action, case.loss), shown


def test_there_are_enough_changes_of_every_class():
    assert len(ALL) >= 500
    counts = {
        name: sum(case.loss == name for case in ALL)
        for name in ("none", "reversible", "warning", "lossy")
    }
    assert min(counts.values()) >= 40, counts


def test_nothing_dangerous_is_called_safe_and_little_that_is_safe_dangerous():
    def is_lossy(case: Case) -> bool:
        change = judged_by_code().get(case.judged)
        return change is not None and change.loss is Loss.LOSSY

    missed = [case.id for case in ALL if case.loss == "lossy" and not is_lossy(case)]
    safe = [case for case in ALL if case.loss != "lossy"]
    false_alarms = [case.id for case in safe if is_lossy(case)]
    assert missed == []
    assert len(false_alarms) < 0.05 * len(safe), false_alarms


def test_every_warning_says_why_and_needs_no_allowance():
    for change in judged_by_code().values():
        for detail in change.warnings:
            assert detail.reason, detail
            assert not detail.allowance, detail


def test_every_loss_says_why_and_what_would_allow_it():
    for change in judged_by_code().values():
        for detail in change.lossy:
            assert detail.reason, detail
            assert detail.allowance.startswith(f"{change.name}: "), detail
        json.dumps([change.old, change.new])  # plain values, fit for a file
