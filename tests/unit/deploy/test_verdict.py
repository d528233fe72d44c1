"""Whether the system is worse than before a deployment."""

from datetime import timedelta

import pytest

from eros.operations.deploy import verdict
from eros.operations.deploy.before_after import Figures
from eros.operations.deploy.verdict import Cause
from tests.unit.deploy.deployments import NOW, figures


def causes(after: Figures, before: Figures | None = None, cost: float | None = 1.0) -> set[Cause]:
    """Causes to roll back."""
    found = verdict.compare(before or figures(), after, cost)
    return {trigger.cause for trigger in found.triggers}


@pytest.mark.parametrize(
    ("values", "cause"),
    [
        ({"error_rate_pct": 10.0}, None),
        ({"error_rate_pct": 10.1}, Cause.FAILURES),
        ({"error_rate_pct": 50.0, "queries": 19}, None),
        ({"mean_seconds": 1.5}, None),
        ({"mean_seconds": 1.51}, Cause.SLOWNESS),
        ({"mean_seconds": 9.0, "plain_queries": 19}, None),
        ({"cost_usd": 1.25}, None),
        ({"cost_usd": 1.26}, Cause.COST),
        ({"cost_usd": 9.0, "stop": (NOW + timedelta(minutes=29)).isoformat()}, None),
        ({"corrupt_rows": 1}, Cause.CORRUPTION),
        ({"integrity_violations": 1}, Cause.CORRUPTION),
        ({"rows": {"caption_bank": 0}}, Cause.CORRUPTION),
        ({"rows": {"caption_bank": 9}}, None),
        ({"public": ["allUsers: READER"]}, Cause.SECURITY),
    ],
)
def test_each_trigger_is_met_just_above_its_limit(values, cause):
    assert causes(figures(**values)) == ({cause} if cause else set())


def test_what_was_bad_before_is_no_trigger():
    before = figures(corrupt_rows=3, public=["allUsers: READER"])
    assert causes(figures(corrupt_rows=3, public=["allUsers: READER"]), before) == set()


def test_what_cannot_be_judged_is_named():
    found = verdict.compare(None, figures(queries=3), None)
    assert found.missing == ("query failure rate", "query time", "cost")
    assert found.triggers == ()
