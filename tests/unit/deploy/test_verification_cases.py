"""The 21 verification cases of the sources: each names a test that is there."""

from types import SimpleNamespace

import pytest

from eros.operations.deploy import Level, verification
from eros.project.settings import PROJECT_ROOT
from eros.watch import monitor


def test_there_are_21_cases_in_their_order():
    assert [case.number for case in verification.CASES] == list(range(1, 22))


@pytest.mark.parametrize("case", verification.CASES, ids=lambda case: str(case.number))
def test_each_case_names_a_test_that_is_there(case):
    place = PROJECT_ROOT / "tests" / case.test
    assert place.is_file() or any(place.glob("*.sql"))
    assert not (case.live and case.beside)
    assert bool(case.live) is not bool(case.why_not), "tried here, or said why not"


@pytest.mark.parametrize("case", verification.CASES, ids=lambda case: str(case.number))
def test_the_page_says_how_each_case_is_shown(case):
    page = (PROJECT_ROOT / "docs/validate.md").read_text(encoding="utf-8")
    shown = "`eros validate --live`" if case.live else f"`{case.beside}`" if case.beside else ""
    assert f"| {case.number} | {case.title} | {shown} | `tests/{case.test}` |" in page


@pytest.mark.parametrize("wrong", [(), (7,), (4, 20)])
def test_a_case_that_does_not_hold_is_named_with_its_test(monkeypatch, wrong):
    row = {f"case_{c.number}": c.number not in wrong for c in verification.CASES if c.live}
    answer = SimpleNamespace(records=lambda: [row])
    monkeypatch.setattr(monitor, "ask", lambda google, query: answer)
    found = verification.check(SimpleNamespace(google=None))
    assert [one.check for one in found] == [f"case {number}" for number in range(1, 22)]
    failed = {one.check for one in found if one.level is Level.FAILED}
    assert failed == {f"case {number}" for number in wrong}
    for case, one in zip(verification.CASES, found, strict=True):
        assert (one.level is Level.NOT_TRIED) is (not case.live)
        assert one.text.endswith(f"tests/{case.test}")
