"""Whether selection earns more than chance: the view `selection_effects`, and what it means."""

from __future__ import annotations

from typing import Any

from eros.cloud.google import Google
from eros.project.settings_sections import Selection
from eros.watch.monitor import ask
from eros.watch.monitor_query import Answer, Query

# "10% better EMV": what the sources promise of learning (docs/learning.md).
GOAL_PCT = 10.0
# As the view has it: fewer say nothing.
ENOUGH = 30
ALL = "all"
_SIZES = ("small", "medium", "large", ALL)
QUERY = Query(
    "selection_effects",
    "ranked captions against random ones, by size of page",
    "SELECT * FROM {dataset}.selection_effects",
)


def effects(google: Google) -> Answer:
    """A row for each size of page and then one for all; none before a choice has been counted.

    Raises UserError when the answer does not come in time.
    """
    found = ask(google, QUERY)
    size = found.columns.index("page_size")
    return Answer(found.columns, sorted(found.rows, key=lambda row: _SIZES.index(row[size])))


def verdict(answer: Answer, rules: Selection) -> str:
    """One sentence on all pages: the gain, its interval, and whether the goal is reached."""
    total: dict[str, Any] | None = next(
        (row for row in answer.records() if row["page_size"] == ALL), None
    )
    if total is None:
        return (
            f"No message whose caption the policy {rules.policy!r} chose has been counted yet: "
            "figures come with the first results of what the schedule builder selected."
        )
    few = total["random_messages"]
    if total["gain_pct"] is None:
        return _why_no_gain(few, few + total["ranked_messages"], rules)
    low, high = total["gain_low_pct"], total["gain_high_pct"]
    reached = (
        f"the goal of +{GOAL_PCT:.0f}% is reached"
        if low >= GOAL_PCT
        else f"the goal of +{GOAL_PCT:.0f}% is missed"
        if high < GOAL_PCT
        else f"too early to say whether the goal of +{GOAL_PCT:.0f}% is reached"
    )
    return (
        f"Ranked captions earn {total['gain_pct']:+.1f}% against {few:,} random messages "
        f"(95% interval {low:+.1f}% to {high:+.1f}%): {reached}."
    )


def _why_no_gain(few: int, counted: int, rules: Selection) -> str:
    if few >= ENOUGH <= counted - few:
        return "Nothing has been earned yet that could be compared."
    said = f"{few:,} of {counted:,} messages counted were random"
    if few >= ENOUGH:
        return f"{said}: a comparison needs {ENOUGH} that were ranked as well."
    share = f"{100 * rules.random_share:g}% of all are drawn at random"
    if rules.random_share == 0:
        share = "none is drawn, since eros:selection.randomShare is 0"
    return f"{said}: a comparison needs {ENOUGH}, and {share}."
