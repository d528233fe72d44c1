"""A plan that was read: exactly that, or nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bqstack.errors import UserError
from bqstack.guard import compare
from bqstack.guard.declarations import Declared
from bqstack.plan import reviewed
from bqstack.plan.sources import Side
from bqstack.plan.whole_plan import Plan, Planned, as_json

TABLE = "gcp:bigquery/table:Table"
STATE = "the state of stack staging"


def side(label: str, **tables: str) -> Side:
    """Tables by name, each with its description."""
    found = (
        Declared(
            *(f"u::{name}", TABLE, name, {"tableId": name, "description": text}),
            custom=True,
            protect=False,
        )
        for name, text in tables.items()
    )
    return Side(label, tuple(found))


def written(folder: Path, old: Side, new: Side, **changed: Any) -> Path:
    """The plan as a command writes it, with some values of it changed."""
    changes = tuple(Planned(change) for change in compare(old.resources, new.resources))
    file = folder / "staging.json"
    plan = Plan(stack="staging", base=old.label, head=new.label, changes=changes)
    file.write_text(json.dumps(as_json(plan) | changed), encoding="utf-8")
    return file


OLD = side(STATE, pages="of creators", captions="texts")
NEW = side("the files", pages="of all creators", captions="texts", goals="by month")


def test_the_plan_that_was_read_is_let_through(tmp_path):
    assert reviewed.check(written(tmp_path, OLD, NEW), "staging", OLD, NEW) == 2


@pytest.mark.parametrize(
    ("new", "words"),
    [
        ({"captions": "texts of all"}, "captions: update, which is not in the plan"),
        ({"pages": "of creators"}, "pages: update is in the plan, but no longer happens"),
        ({"pages": "of nobody"}, "pages: update to something other than planned"),
    ],
)
def test_any_other_update_is_refused_with_what_differs(tmp_path, new, words):
    file = written(tmp_path, OLD, NEW)
    tables = {"pages": "of all creators", "captions": "texts", "goals": "by month"} | new
    with pytest.raises(UserError) as caught:
        reviewed.check(file, "staging", OLD, side("the files", **tables))
    assert words in str(caught.value)
    assert "nothing has been changed" in str(caught.value)
    assert "plan --stack staging --output" in str(caught.value)


def test_a_state_that_has_moved_since_is_refused(tmp_path):
    file = written(tmp_path, OLD, NEW)
    moved = side(STATE, pages="of some creators", captions="texts")
    with pytest.raises(UserError, match="pages: update to something other than planned"):
        reviewed.check(file, "staging", moved, NEW)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"stack": "prod"}, "the plan is for another stack"),
        ({"base": "commit 1234567890"}, "not made against the stack's state"),
        ({"changes": [{"urn": "u::pages"}]}, "this is not a plan, or one from an earlier version"),
    ],
)
def test_a_file_that_is_no_plan_of_this_state_is_refused(tmp_path, changed, words):
    with pytest.raises(UserError, match=words):
        reviewed.check(written(tmp_path, OLD, NEW, **changed), "staging", OLD, NEW)


@pytest.mark.parametrize(("text", "words"), [("{", "not JSON"), ("[]", "this is not a plan")])
def test_what_is_not_json_of_a_plan_is_refused_by_its_name(tmp_path, text, words):
    file = tmp_path / "x.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=words) as caught:
        reviewed.check(file, "staging", OLD, NEW)
    assert str(file) in str(caught.value)
