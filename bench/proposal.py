"""What could be done better than the SQL does it, measured beside it: docs/learning.md."""

from __future__ import annotations

import numpy as np

from bench.bandit import Arms, Counts
from eros.settings import Selection

RULES = Selection(prior_successes=4, earnings_prior_purchases=2)


def arms(counts: Counts, rules: Selection) -> Arms:
    """As `bandit.arms`, but the page's means count each caption sent alike, not each view.

    Views go to the captions that sell. A mean over views is therefore nearly that of the best
    captions, and promises it of every caption never sent.
    """
    views = counts.successes + counts.failures
    tried = np.maximum((views > 0).sum(-1, keepdims=True), 1)
    safe = np.maximum(views, 1)
    rate = (counts.successes / safe).sum(-1, keepdims=True) / tried
    earned = (counts.earnings / safe).sum(-1, keepdims=True) / tried
    sells = rate > 0
    known = np.where(sells, rate, 1.0)
    prior_failures = np.where(
        sells, rules.prior_successes * (1 - known) / known, rules.prior_failures
    )
    page_earnings = np.where(sells, earned / known, 1.0)
    weight = rules.earnings_prior_purchases
    return Arms(
        alpha=counts.successes + rules.prior_successes,
        beta=counts.failures + np.maximum(prior_failures, 0.001),
        earnings_per_purchase=(counts.earnings + weight * page_earnings)
        / (counts.successes + weight),
    )


def score(counts: Counts, rules: Selection, rng: np.random.Generator) -> np.ndarray:
    """The exact Beta draw as it is, on the arms above and with RULES whatever is asked for."""
    known = arms(counts, RULES)
    return rng.beta(known.alpha, known.beta) * known.earnings_per_purchase
