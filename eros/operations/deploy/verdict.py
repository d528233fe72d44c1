"""Whether a deployment has to be rolled back, and who may do it (docs/deploy.md).

Pure functions: figures in, reasons out.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from bqstack.amounts import counted, usd
from eros.operations.deploy.before_after import Figures

# Limits of the six triggers.
FAILURE_RATE_PCT = 10.0
SLOWER_PCT = 50.0
DEARER_PCT = 25.0
# A rate over fewer queries says nothing.
LEAST_QUERIES = 20
# The daily rhythm is in the comparison with yesterday; single jobs are not in shorter spans.
LEAST_MINUTES_FOR_COST = 30.0
# Name of the judgement that needs yesterday's figures.
COST = "cost"


class Cause(enum.StrEnum):
    """The triggers."""

    CORRUPTION = "data are corrupted"
    FAILURES = "queries fail"
    SLOWNESS = "queries are slower"
    COST = "queries cost more"
    SECURITY = "the data is open to everybody"
    DEPLOYMENT = "the engine failed"
    VALIDATION = "the validation failed"


@dataclass(frozen=True)
class Trigger:
    """One reason to roll back."""

    cause: Cause
    text: str

    def __str__(self) -> str:
        return f"{self.cause}: {self.text}"


@dataclass(frozen=True)
class Comparison:
    """What the comparison with the baseline came to; `missing` is what could not be judged."""

    triggers: tuple[Trigger, ...]
    missing: tuple[str, ...]


def compare(
    before: Figures | None, after: Figures, cost_yesterday: float | None = None
) -> Comparison:
    """The triggers that the figures after a deployment meet.

    `before` is None at the first deployment; `cost_yesterday` is the cost in US dollars of the
    same span a day earlier.
    """
    triggers, missing = [], []
    for judge in (_corruption, _security):
        triggers += judge(before, after)
    for name, found in (
        ("query failure rate", _failures(after)),
        ("query time", _slowness(before, after)),
        (COST, _cost(after, cost_yesterday)),
    ):
        if found is None:
            missing.append(name)
        else:
            triggers += found
    return Comparison(tuple(triggers), tuple(missing))


def _corruption(before: Figures | None, after: Figures) -> list[Trigger]:
    found = []
    for what, then, now in (
        ("corrupt rows", before.corrupt_rows if before else 0, after.corrupt_rows),
        (
            "integrity violations",
            before.integrity_violations if before else 0,
            after.integrity_violations,
        ),
    ):
        if now > then:
            found.append(Trigger(Cause.CORRUPTION, f"{now} {what}, {then} before"))
    for table, then in (before.rows if before else {}).items():
        if then and not after.rows.get(table):
            found.append(
                Trigger(Cause.CORRUPTION, f"{table} is empty, {counted(then, 'row')} before")
            )
    return found


def _security(before: Figures | None, after: Figures) -> list[Trigger]:
    new = sorted(set(after.public) - set(before.public if before else ()))
    return [Trigger(Cause.SECURITY, entry) for entry in new]


def _failures(after: Figures) -> list[Trigger] | None:
    if after.queries < LEAST_QUERIES or after.error_rate_pct is None:
        return None
    if after.error_rate_pct <= FAILURE_RATE_PCT:
        return []
    text = f"{after.error_rate_pct:.1f}% of {after.queries} queries"
    return [Trigger(Cause.FAILURES, text)]


def _slowness(before: Figures | None, after: Figures) -> list[Trigger] | None:
    if (
        before is None
        or not before.mean_seconds
        or after.mean_seconds is None
        or min(before.plain_queries, after.plain_queries) < LEAST_QUERIES
    ):
        return None
    change = 100 * (after.mean_seconds / before.mean_seconds - 1)
    if change <= SLOWER_PCT:
        return []
    text = f"{after.mean_seconds:.2f} s on average, {before.mean_seconds:.2f} s before"
    return [Trigger(Cause.SLOWNESS, text)]


def _cost(after: Figures, cost_yesterday: float | None) -> list[Trigger] | None:
    if after.minutes < LEAST_MINUTES_FOR_COST or not cost_yesterday:
        return None
    change = 100 * (after.cost_usd / cost_yesterday - 1)
    if change <= DEARER_PCT:
        return []
    text = f"{usd(after.cost_usd)}, {usd(cost_yesterday)} in the same hours of yesterday"
    return [Trigger(Cause.COST, text)]
