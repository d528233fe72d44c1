"""Which update a rollback goes back to."""

from __future__ import annotations

import pytest

from bqstack.errors import UserError
from eros.operations.rollback import choice
from tests.unit.rollback.states import newest_first, rolled_back, update


def test_the_default_is_the_state_before_the_last_change():
    assert choice.default(newest_first(update(1), update(2), update(3))).version == 2


def test_an_update_that_changed_nothing_is_no_change():
    history = newest_first(update(1), update(2), update(3, changed=0))
    assert choice.default(history).version == 1


def test_a_failed_update_is_undone_itself():
    history = newest_first(update(1), update(2), update(3, result="failed"))
    assert choice.default(history).version == 2


def test_a_second_rollback_goes_further_back():
    history = newest_first(update(1), update(2), update(3), *rolled_back(4, 2))
    assert choice.default(history).version == 1


def test_what_an_interrupted_rollback_left_is_no_state():
    paused, _ = rolled_back(4, 2)
    history = newest_first(update(1), update(2), update(3), paused)
    assert choice.default(history).version == 3


def test_the_first_update_has_no_state_before_it():
    with pytest.raises(UserError, match="no earlier state"):
        choice.default([update(1)])


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (update(2, result="failed"), "has failed"),
        (update(2, kind="destroy"), "is a destroy"),
        (rolled_back(2, 1)[0], "is a step of a rollback"),
    ],
)
def test_an_update_that_is_no_state_is_refused(given, why):
    with pytest.raises(UserError, match=why):
        choice.find([given, update(1)], 2, "local")


def test_a_number_that_is_not_there_is_refused():
    with pytest.raises(UserError, match=r"no update 9\n  fix: eros rollback --list "):
        choice.find([update(1)], 9, "local")


def test_a_rollback_stands_for_the_update_that_it_brought_back():
    history = newest_first(update(1), update(2), *rolled_back(3, 1), *rolled_back(5, 4))
    assert choice.origin(history[0], history).version == 1


def test_rows_belong_to_an_update_until_the_next_change_began():
    history = newest_first(update(1), update(2, changed=0), update(3, result="failed"), update(4))
    assert choice.end_of_reign(update(1), history) == update(3).start
    assert choice.end_of_reign(update(4), history) is None


def test_updates_of_others_overtake_an_interrupted_rollback():
    history = newest_first(update(1), *rolled_back(2, 1))
    assert choice.others_since(history, update(1).start) == []
    assert choice.others_since([update(9), *history], update(1).start) == [update(9)]


@pytest.mark.parametrize("kind", ["refresh", "import"])
def test_mending_the_state_overtakes_no_rollback(kind):
    paused, _ = rolled_back(2, 1)
    assert choice.others_since([update(3, kind=kind), paused], update(1).start) == []


@pytest.mark.parametrize("name", ["eros.checkpoint.json", "state (1).json"])
def test_the_steps_of_a_rollback_to_a_file_are_known(name):
    texts = [choice.message(f"file {name}", part, 2, "x") for part in (1, 2)]
    paused, back = (update(2 + part, text) for part, text in enumerate(texts))
    assert choice.others_since([back, paused], update(1).start) == []
    assert not choice.can_be_chosen(paused)
    assert choice.can_be_chosen(back)


def test_after_a_rollback_to_a_file_the_mistake_is_not_the_default():
    back = update(3, choice.message("file eros.json", 2, 2, "definitions"))
    with pytest.raises(UserError, match="went back to a file"):
        choice.default(newest_first(update(1), update(2), back))
    assert choice.default(newest_first(update(1), update(2), back, update(4))).version == 3


def test_a_rollback_that_has_not_come_to_its_end_is_seen_in_the_history():
    paused, last = rolled_back(4, 2)
    failed = update(5, last.message, result="failed")
    before = [update(1), update(2), update(3)]
    for step in (paused, failed):
        found = choice.half_way(newest_first(*before, paused, step))
        assert found == step
        assert choice.goal(found) == "update 2"
    mended = update(6, "", kind="refresh")
    assert choice.half_way(newest_first(*before, paused, mended)) == paused
    for ended in (last, update(5)):
        assert choice.half_way(newest_first(*before, paused, ended)) is None
    assert choice.half_way([]) is None
