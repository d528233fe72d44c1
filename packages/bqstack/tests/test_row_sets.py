"""Rows that say the same in another order, or up to the noise of adding up, are the same."""

from __future__ import annotations

import pytest

from bqstack.rows import pairing, row_report
from bqstack.rows.row_diff import ObjectDiff, RowDiff
from bqstack.rows.row_sets import RowSets, without_same


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": {"x": 1, "y": 2}}, {"a": {"y": 2, "x": 1}}),
        ({"a": [1, 2, 2]}, {"a": [2, 1, 2]}),
        ({"a": [{"x": [1, 2]}, None]}, {"a": [None, {"x": [2, 1]}]}),
        ({"a": 0.1 + 0.2}, {"a": 0.3}),
        ({"a": [0.1 + 0.2]}, {"a": [0.3]}),
    ],
)
def test_another_order_is_no_difference(one, other):
    assert without_same([one], [other]) == ([], [])
    assert pairing.differing(one, other, ["a"]) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": [1, 2]}, {"a": [1, 2, 2]}),
        ({"a": {"x": 1}}, {"a": {"x": 2}}),
        ({"a": 0.3}, {"a": 0.3001}),
        ({"a": None}, {"a": []}),
        ({"a": "[1, 2]"}, {"a": "[2, 1]"}),
    ],
)
def test_another_content_is_one(one, other):
    assert without_same([one], [other]) == ([one], [other])
    assert pairing.differing(one, other, ["a"]) == ["a"]


def test_a_row_that_is_there_once_more_stays():
    row = {"a": [1, 2]}
    assert without_same([row, row], [{"a": [2, 1]}]) == ([row], [])
    assert without_same([], [row, row]) == ([], [row, row])


def test_ids_are_compared_as_such_only_when_asked():
    plain = RowSets(None).statement("SELECT 1", "SELECT 2", ["a"])
    asked = RowSets(None, same_ids=True).statement("SELECT 1", "SELECT 2", ["a"])
    assert "<uuid>" not in plain
    assert asked.count("<uuid>") == 2


def test_a_report_says_whether_all_are_alike():
    alike = tuple(ObjectDiff(f"t{n}", "table", is_changed=False) for n in range(11))
    assert "all 11 tables and views have the same rows" in row_report.text(
        RowDiff("alice", "old", "new", alike)
    )
    one = ObjectDiff("t", "table", is_changed=True, removed=1)
    found = RowDiff("alice", "old", "new", (*alike, one))
    assert "the other 11 tables and views have the same rows" in row_report.text(found)
    assert "Same rows as before: the other 11 tables and views." in row_report.render(found)
