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


@pytest.mark.parametrize("case", verification.CASES, ids=lambda case: str(case.number))
def test_the_page_says_how_each_case_is_shown(case):
    page = (PROJECT_ROOT / "docs/validate.md").read_text(encoding="utf-8")
    shown = "`eros validate --live`" if case.live else f"`{case.beside}`" if case.beside else ""
    assert f"| {case.number} | {case.title} | {shown} | `tests/{case.test}` |" in page


@pytest.mark.parametrize("wrong", [(), (7,), (4, 20)])
def test_a_case_that_does_not_hold_is_named_with_its_test(monkeypatch, wrong):
    row = {f"case_{case.number}": case.number not in wrong for case in verification.CASES}
    answer = SimpleNamespace(records=lambda: [row])
    monkeypatch.setattr(monitor, "ask", lambda google, query: answer)
    finding = verification.check(SimpleNamespace(google=None))
    assert finding.level is (Level.FAILED if wrong else Level.OK)
    for number in wrong:
        case = verification.CASES[number - 1]
        assert f"{number} {case.title} (tests/{case.test})" in finding.text
