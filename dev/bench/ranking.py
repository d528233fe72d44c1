"""How captions of a page are ranked: the arithmetic of the SQL, compiled, for simulations.

A policy is any function of `Pages`, a day and a generator that gives a score for each caption, so
another one is a function and a line in `POLICIES`. Those of the SQL are here caption by caption as
sql/table_functions/index_scores.sql and sql/procedures/select_captions_for_creator.sql compute
them; tests/sql/test_learning_twin.py shows on the emulator that both agree.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numba import njit

from dev.bench.page_counts import NEVER, WEEK, Pages
from eros.project.settings_sections import Selection

# As in sql/functions/wilson_score_bounds.sql: z of 95%.
_Z = 1.96
# As in sql/table_functions/index_scores.sql: so many captions wait on the worst of days.
_MOST_WAITING = 0.8


Policy = Callable[[Pages, int, np.random.Generator], np.ndarray]


def constants(rules: Selection) -> np.ndarray:
    """The settings that the compiled index takes, in the order that `_index_page` reads them."""
    return np.array(
        [
            rules.prior_rate,
            rules.prior_value,
            rules.prior_shape,
            rules.price_purchases,
            rules.class_captions,
            rules.shape_captions,
            rules.message_spread,
            math.log(max(rules.horizon_days / max(rules.cooldown_days, 1), 1.0)),
            rules.recovery_days,
        ]
    )


@njit(cache=True)
def _fresh(n, load_views, load_squares, tiring):
    """As the function `rested_views`."""
    if load_views <= 0:
        return n
    mean = load_views / n
    scale = max(load_squares / load_views - mean, 1e-6)
    return n * (1 + tiring * scale) ** (-mean / scale)


@njit(cache=True)
def _index_page(
    s, f, e, last, tier, load, load_v, load_q, messages, views, ratio, worth, tiring, day, c, out
):
    """Rate, earnings per purchase, spread and score of each caption into `out` (4, captions)."""
    prior_rate, prior_value, shape0, price_purchases = c[0], c[1], c[2], c[3]
    k, shape_k, spread, log_uses, recovery_days = c[4], c[5], c[6], c[7], c[8]
    classes = ratio.shape[0]
    count = s.shape[0]
    fresh = np.empty(count)
    for i in range(count):
        fresh[i] = _fresh(s[i] + f[i], load_v[i], load_q[i], tiring[tier[i]])
    message = views / messages if messages > 0 else 0.0
    # 1: the page without any prior; each caption counts alike.
    rates = values = weight_rates = weight_values = 0.0
    for i in range(count):
        n = fresh[i]
        if n > 0:
            rates += s[i] / n
            values += e[i] / n
            weight_rates += ratio[tier[i]]
            weight_values += worth[tier[i]]
    rate = (rates + prior_rate) / (weight_rates + 1)
    price = (values + prior_value) / (weight_values + 1) / rate
    w = 1 / (1 + spread * rate * message)
    # 2: what each class is worth.
    tried = np.zeros(classes)
    sum_rates = np.zeros(classes)
    sum_values = np.zeros(classes)
    sum_squares = np.zeros(classes)
    for i in range(count):
        n = fresh[i]
        if n > 0:
            q = tier[i]
            known = shape0 + s[i] * w
            shrunk = known / (shape0 / (rate * ratio[q]) + n * w)
            dollars = (
                shrunk
                * (e[i] + price_purchases * price * worth[q] / ratio[q])
                / (s[i] + price_purchases)
            )
            tried[q] += 1
            sum_rates[q] += shrunk
            sum_values[q] += dollars
            sum_squares[q] += dollars * dollars * (1 + 1 / known)
    page_rate = (sum_rates.sum() + prior_rate) / (weight_rates + 1)
    page_value = (sum_values.sum() + prior_value) / (weight_values + 1)
    class_rate = (sum_rates + k * page_rate * ratio) / (tried + k)
    class_value = (sum_values + k * page_value * worth) / (tried + k)
    squares = (sum_squares / (class_value * class_value)).sum()
    excess = (squares + shape_k * (1 + 1 / shape0)) / (tried.sum() + shape_k) - 1
    shape = min(max(1 / max(excess, 0.02), 0.25), 50.0)
    # 3: every caption: what is known, and what one more message would tell.
    w = 1 / (1 + spread * page_rate * message)
    news = max(message, 1.0) * w
    for i in range(count):
        q = tier[i]
        purchases = shape + s[i] * w
        seen = shape / class_rate[q] + fresh[i] * w
        price = (e[i] + price_purchases * class_value[q] / class_rate[q]) / (s[i] + price_purchases)
        sd = math.sqrt(math.log1p(news / (seen + news) / purchases))
        score = purchases / seen * price
        score *= math.exp((0.22 + 0.32 * log_uses) * sd - 0.065 * sd * sd)
        if last[i] > NEVER:
            rested = 0.5 ** (max(day - last[i], 0.0) / recovery_days)
            score *= math.exp(-tiring[q] * load[i] * rested)
        out[0, i] = purchases / seen
        out[1, i] = price
        out[2, i] = sd
        out[3, i] = score


@njit(cache=True)
def _index_pages(
    s, f, e, last, tier, load, load_v, load_q, messages, views, ratio, worth, tiring, day, c, out
):
    for page in range(s.shape[0]):
        _index_page(
            *(s[page], f[page], e[page], last[page], tier[page]),
            *(load[page], load_v[page], load_q[page]),
            *(messages[page], views[page], ratio, worth, tiring, day, c, out[page]),
        )


@dataclass(frozen=True)
class Known:
    """What the index says of each caption; arrays by (page, caption)."""

    rate: np.ndarray
    """Mean purchases per view."""
    earnings_per_purchase: np.ndarray
    spread: np.ndarray
    """Standard deviation of the logarithm of what one more message would make of the mean."""
    score: np.ndarray
    """Dollars per view that the caption is ranked by."""


def index(pages: Pages, day: int, rules: Selection) -> Known:
    """The table function `index_scores` for every page."""
    out = np.empty((*pages.successes.shape[:1], 4, pages.successes.shape[1]))
    _index_pages(
        *(pages.successes, pages.failures, pages.earnings, pages.last_used, pages.tier),
        *(pages.load, pages.load_views, pages.load_squares),
        *(pages.messages, pages.views, pages.rate_ratio, pages.value_ratio, pages.tiring),
        *(float(day), constants(rules), out),
    )
    return Known(out[:, 0], out[:, 1], out[:, 2], out[:, 3])


@njit(cache=True)
def _pool(s, f, e, tier, lv, lq, ls, wv, ws, messages, views, c, ratio, worth, tiring, weekday):
    """One step: what is pooled already is where it starts from."""
    prior_rate, prior_value, shape, captions, spread = c[0], c[1], c[2], c[3], c[4]
    prior_tiring, tiring_weight, week_weight = c[5], c[6], c[7]
    classes, days = ratio.shape[0], weekday.shape[0]
    expected = np.full(classes, captions)
    sold = np.full(classes, captions)
    earned = np.full(classes, captions)
    slope = tiring_weight * (prior_tiring - tiring)
    bend = np.full(classes, tiring_weight)
    hoped = np.full(days, week_weight)
    bought = np.full(days, week_weight)
    for page in range(s.shape[0]):
        rate = value = 0.0
        tried = 0
        for i in range(s.shape[1]):
            n = s[page, i] + f[page, i]
            if n > 0:
                fresh = _fresh(n, lv[page, i], lq[page, i], tiring[tier[page, i]])
                rate += s[page, i] / fresh
                value += e[page, i] / fresh
                tried += 1
        rate = (rate + prior_rate) / (tried + 1)
        value = (value + prior_value) / (tried + 1)
        message = views[page] / messages[page] if messages[page] > 0 else 0.0
        w = 1 / (1 + spread * rate * message)
        for i in range(s.shape[1]):
            n = s[page, i] + f[page, i]
            if n <= 0:
                continue
            q = tier[page, i]
            fresh = _fresh(n, lv[page, i], lq[page, i], tiring[q])
            # Sold over expected, where a caption weighs the less the more of it is known.
            weight = 1 / (shape + rate * fresh)
            expected[q] += rate * fresh * weight
            sold[q] += s[page, i] * weight
            earned[q] += e[page, i] * rate / value * weight
            # Newton's step to the most likely tiring; a caption's own rate is a Gamma variate.
            purchases = shape + s[page, i] * w
            prior = shape / (rate * ratio[q])
            if lv[page, i] > 0:
                mean = lv[page, i] / n
                scale = max(lq[page, i] / lv[page, i] - mean, 1e-6)
                first = fresh * mean / (1 + tiring[q] * scale)
                second = first * (mean + scale) / (1 + tiring[q] * scale)
                seen = prior + fresh * w
                slope[q] += w * (purchases / seen * first - ls[page, i])
                bend[q] += w * purchases / seen * (second - first * first * w / seen)
            # What each weekday sold of what its captions sell on an even one.
            even = 0.0
            for d in range(days):
                even += weekday[d] * wv[page, i, d]
            known = purchases / (prior + even * fresh / n * w)
            for d in range(days):
                hoped[d] += w * known * wv[page, i, d] * fresh / n
                bought[d] += w * ws[page, i, d]
    for q in range(classes):
        ratio[q] = sold[q] / expected[q]
        worth[q] = earned[q] / expected[q]
        tiring[q] = min(max(tiring[q] + slope[q] / bend[q], 0.0), 1.0)
    for d in range(days):
        weekday[d] = bought[d] / hoped[d]


def pool(pages: Pages, rules: Selection) -> None:
    """What `refresh_class_ratios` writes, over all pages: what classes and weekdays are worth."""
    settings = (
        *(rules.prior_rate, rules.prior_value, rules.prior_shape, rules.class_captions),
        *(rules.message_spread, rules.recovery, rules.recovery_weight, rules.weekday_purchases),
    )
    _pool(
        *(pages.successes, pages.failures, pages.earnings, pages.tier),
        *(pages.load_views, pages.load_squares, pages.load_successes),
        *(pages.weekday_views, pages.weekday_successes, pages.messages, pages.views),
        *(np.array(settings), pages.rate_ratio, pages.value_ratio, pages.tiring),
        pages.weekday_ratio,
    )


def waiting(pages: Pages, day: int, rules: Selection) -> float:
    """Share of the captions that wait for a better weekday; day 0 is a Monday."""
    lacks = 1 - pages.weekday_ratio[day % WEEK] / pages.weekday_ratio.mean()
    return float(min(max(rules.weekday_patience * lacks, 0.0), _MOST_WAITING))


@dataclass(frozen=True)
class Arms:
    """Shapes of the Beta distribution of each caption's purchase rate, and its earnings."""

    alpha: np.ndarray
    beta: np.ndarray
    earnings_per_purchase: np.ndarray


def arms(pages: Pages, rules: Selection) -> Arms:
    """What the Beta and the Wilson draw of the procedure start from.

    A caption without a history has the mean rate of its page, and the mean earnings per
    purchase; each caption tried counts alike, whether it is to be picked or not.
    """
    views = pages.successes + pages.failures
    tried = np.maximum((views > 0).sum(-1, keepdims=True), 1)
    safe = np.maximum(views, 1)
    rate = (pages.successes / safe).sum(-1, keepdims=True) / tried
    earned = np.where(views > 0, pages.earnings / safe, 0.0).sum(-1, keepdims=True) / tried
    sells = rate > 0
    known = np.where(sells, rate, 1.0)
    page_earnings = np.where(sells, earned / known, 1.0)
    prior_failures = np.where(
        sells, rules.prior_successes * (1 - known) / known, rules.prior_failures
    )
    weight = rules.earnings_prior_purchases
    return Arms(
        alpha=pages.successes + rules.prior_successes,
        beta=pages.failures + np.maximum(prior_failures, 0.001),
        earnings_per_purchase=(pages.earnings + weight * page_earnings)
        / (pages.successes + weight),
    )


def wilson_bounds(pages: Pages) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper bound of wilson_score_bounds; (0, 1) without a trial."""
    s, f = pages.successes, pages.failures
    n = s + f
    centre = (s + _Z**2 / 2) / (n + _Z**2)
    half = _Z * np.sqrt(s * f / np.maximum(n, 1) + _Z**2 / 4) / (n + _Z**2)
    lower = np.where(s == 0, 0.0, np.maximum(0.0, centre - half))
    return lower, np.where(f == 0, 1.0, np.minimum(1.0, centre + half))


def index_score(
    pages: Pages, day: int, rng: np.random.Generator, rules: Selection, pooled: bool = True
) -> np.ndarray:
    """The index: the mean, times what one more message would teach; some wait on a weak day."""
    # Feedback pools after every delivery; what it finds moves little in a week.
    if pooled and (day < WEEK or day % WEEK == 0):
        pool(pages, rules)
    score = index(pages, day, rules).score
    if share := waiting(pages, day, rules):
        # Behind all that do not wait, and among themselves in the same order.
        score[rng.random(score.shape) < share] *= 1e-9
    return score


def beta_score(pages: Pages, day: int, rng: np.random.Generator, rules: Selection) -> np.ndarray:
    """Thompson sampling: a draw from what is known, times earnings per purchase."""
    known = arms(pages, rules)
    # As numpy's own `beta` for shapes above 1, and twice as fast.
    won, lost = rng.standard_gamma(known.alpha), rng.standard_gamma(known.beta)
    return won / (won + lost) * known.earnings_per_purchase


def wilson_score(pages: Pages, day: int, rng: np.random.Generator, rules: Selection) -> np.ndarray:
    """A uniform draw inside the Wilson bounds, times earnings per purchase."""
    lower, upper = wilson_bounds(pages)
    drawn = lower + rng.random(lower.shape) * (upper - lower)
    return drawn * arms(pages, rules).earnings_per_purchase


def greedy_score(pages: Pages, day: int, rng: np.random.Generator, rules: Selection) -> np.ndarray:
    """The mean of what is known, without a draw: a caption never sent is worth the page's mean."""
    known = arms(pages, rules)
    return known.alpha / (known.alpha + known.beta) * known.earnings_per_purchase


def observed_score(pages: Pages, day: int, rng: np.random.Generator) -> np.ndarray:
    """Earnings per view so far, nothing for a caption never sent: what a report would rank by."""
    return pages.earnings / np.maximum(pages.successes + pages.failures, 1)


def random_score(pages: Pages, day: int, rng: np.random.Generator) -> np.ndarray:
    """Every caption alike."""
    return rng.random(pages.successes.shape)


_RULES = Selection()
POLICIES: dict[str, Policy] = {
    "random": random_score,
    "observed": observed_score,
    "greedy": partial(greedy_score, rules=_RULES),
    "wilson": partial(wilson_score, rules=_RULES),
    "beta": partial(beta_score, rules=_RULES),
    "index": partial(index_score, rules=_RULES),
}
