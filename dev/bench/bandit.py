"""The ranking of select_captions_for_creator in numpy, for simulations.

Same arithmetic as sql/procedures/select_captions_for_creator.sql; the last axis of every array
is the captions of one page, any axes before it are pages and seeds. That the two agree is
proven on the emulator by tests/sql/test_learning_twin.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from eros.project.settings import Selection

# As in sql/functions/wilson_score_bounds.sql: z of 95%.
_Z = 1.96


@dataclass(frozen=True)
class Counts:
    """What caption_bandit_stats holds, zeros where a caption has no row; earnings in dollars."""

    successes: np.ndarray
    failures: np.ndarray
    earnings: np.ndarray


@dataclass(frozen=True)
class Arms:
    """Shapes of the Beta distribution of each caption's purchase rate, and its earnings."""

    alpha: np.ndarray
    beta: np.ndarray
    earnings_per_purchase: np.ndarray


def arms(counts: Counts, rules: Selection) -> Arms:
    """The temp table `candidates` of the procedure.

    A caption without a history has the mean rate of its page, and the mean earnings per
    purchase; each caption tried counts alike, whether it is to be picked or not.
    """
    successes = np.maximum(counts.successes, 0)
    failures = np.maximum(counts.failures, 0)
    views = successes + failures
    tried = np.maximum((views > 0).sum(-1, keepdims=True), 1)
    safe = np.maximum(views, 1)
    rate = (successes / safe).sum(-1, keepdims=True) / tried
    earned = np.where(views > 0, counts.earnings / safe, 0.0).sum(-1, keepdims=True) / tried
    sells = rate > 0
    known = np.where(sells, rate, 1.0)
    page_earnings = np.where(sells, earned / known, 1.0)
    prior_failures = np.where(
        sells, rules.prior_successes * (1 - known) / known, rules.prior_failures
    )
    weight = rules.earnings_prior_purchases
    return Arms(
        alpha=successes + rules.prior_successes,
        beta=failures + np.maximum(prior_failures, 0.001),
        earnings_per_purchase=(counts.earnings + weight * page_earnings) / (successes + weight),
    )


def wilson_bounds(counts: Counts) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper bound of wilson_score_bounds; (0, 1) without a trial."""
    s = np.maximum(counts.successes, 0).astype(float)
    f = np.maximum(counts.failures, 0).astype(float)
    n = s + f
    centre = (s + _Z**2 / 2) / (n + _Z**2)
    half = _Z * np.sqrt(s * f / np.maximum(n, 1) + _Z**2 / 4) / (n + _Z**2)
    lower = np.where(s == 0, 0.0, np.maximum(0.0, centre - half))
    return lower, np.where(f == 0, 1.0, np.minimum(1.0, centre + half))


Policy = Callable[[Counts, Selection, np.random.Generator], np.ndarray]


def beta_score(counts: Counts, rules: Selection, rng: np.random.Generator) -> np.ndarray:
    """Thompson sampling: a draw from what is known, times earnings per purchase."""
    known = arms(counts, rules)
    return rng.beta(known.alpha, known.beta) * known.earnings_per_purchase


def wilson_score(counts: Counts, rules: Selection, rng: np.random.Generator) -> np.ndarray:
    """A uniform draw inside the Wilson bounds, times earnings per purchase."""
    lower, upper = wilson_bounds(counts)
    drawn = lower + rng.random(lower.shape) * (upper - lower)
    return drawn * arms(counts, rules).earnings_per_purchase


def greedy_score(counts: Counts, rules: Selection, rng: np.random.Generator) -> np.ndarray:
    """The mean of what is known, without a draw: a caption never sent is worth the page's mean."""
    known = arms(counts, rules)
    return known.alpha / (known.alpha + known.beta) * known.earnings_per_purchase


def observed_score(counts: Counts, rules: Selection, rng: np.random.Generator) -> np.ndarray:
    """Earnings per view so far, nothing for a caption never sent: what a report would rank by."""
    return counts.earnings / np.maximum(counts.successes + counts.failures, 1)


def random_score(counts: Counts, rules: Selection, rng: np.random.Generator) -> np.ndarray:
    """Every caption alike."""
    return rng.random(counts.successes.shape)


POLICIES: dict[str, Policy] = {
    "random": random_score,
    "observed": observed_score,
    "greedy": greedy_score,
    "wilson": wilson_score,
    "beta": beta_score,
}
