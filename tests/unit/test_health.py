"""The health score and the contract of the report."""

from datetime import UTC, datetime

import pytest

from eros.health import CHECKS, Finding, Report, Severity, Status

NOW = datetime(2025, 10, 31, 14, 30, 22, tzinfo=UTC)


def report(warnings: int = 0, critical: int = 0) -> Report:
    """A report with one good finding per check, and the bad ones on top."""
    good = [Finding(i, name, Severity.OK, "fine") for i, name in enumerate(CHECKS)]
    bad = [Finding(2, "w", Severity.WARNING, "x")] * warnings
    worse = [Finding(i % len(CHECKS), "c", Severity.CRITICAL, "x") for i in range(critical)]
    return Report(NOW, "of-scheduler-proj", "eros_scheduling_brain", (*good, *bad, *worse))


def test_the_example_of_the_specification_comes_out_field_for_field():
    assert list(report(warnings=1).contract().items()) == [
        ("timestamp", "2025-10-31T14:30:22Z"),
        ("project_id", "of-scheduler-proj"),
        ("dataset", "eros_scheduling_brain"),
        ("health_score", 94),
        ("checks_passed", 7),
        ("checks_total", 7),
        ("warnings", 1),
        ("critical", 0),
        ("status", "HEALTHY"),
    ]


@pytest.mark.parametrize(
    ("warnings", "critical", "score", "status"),
    [
        (0, 0, 100, Status.HEALTHY),
        (1, 0, 94, Status.HEALTHY),
        (2, 0, 88, Status.WARNING),
        (0, 1, 80, Status.CRITICAL),
        (0, 5, 0, Status.CRITICAL),
        (9, 9, 0, Status.CRITICAL),
    ],
)
def test_score_and_status_follow_the_findings(warnings, critical, score, status):
    made = report(warnings, critical)
    assert (made.score, made.status) == (score, status)


def test_a_check_that_was_not_made_has_not_passed():
    lost = Report(NOW, "p", "d", (Finding(0, "Authentication", Severity.CRITICAL, "no"),))
    assert lost.checks_passed == 0
    assert lost.status is Status.CRITICAL
