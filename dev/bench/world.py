"""Pages and captions with hidden rates, as the sample draws them, for the learning simulation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from dev.bench.bandit import Counts
from eros.project.settings import Automation
from eros.sample import Identity, Scale, captions, creators

# Dollars that a message of a tier may cost, in the order of eros.sample.captions.TIERS.
_PRICES = np.array([[3, 4, 5, 6], [7, 8, 10, 12], [15, 18, 20, 25], [30, 35, 40, 50]])
# Part of the audience that a message goes to: a Beta distribution, and its median.
_SEGMENT = (1.5, 4.0)
_MEDIAN_SEGMENT = 0.24
# The texts are of no interest here, nor is the day.
_ANY_DAY = date(2025, 11, 1)


@dataclass(frozen=True)
class Regime:
    """Conditions under which policies are compared."""

    name: str
    title: str
    captions: int
    """Per page at the start."""
    audience: tuple[int, int] | None = None
    """Fewest and most fans of a page; as in the sample without it."""
    history_days: int = 90
    """Days of messages, chosen by a team's taste, that every policy starts from."""
    weekly_captions: int = 0
    """New captions of a page per week."""
    pages: int = 20
    days: int = 90


@dataclass(frozen=True)
class World:
    """Arrays by (seed, page, caption) unless stated otherwise."""

    rate: np.ndarray
    """Purchases per view; hidden."""
    tier: np.ndarray
    history: Counts
    last_used: np.ndarray
    """Day of the newest message before day 0: negative."""
    first_day: np.ndarray
    """Day from which the caption may be picked; beyond the last day when it is inactive."""
    audience: np.ndarray
    """By (seed, page)."""
    view_rate: np.ndarray
    """By (seed, page)."""
    daily_target: np.ndarray
    """By (seed, page)."""

    @property
    def value(self) -> np.ndarray:
        """True earnings per view in dollars."""
        return self.rate * _PRICES.mean(axis=1)[self.tier]


def draw(regime: Regime, seeds: range) -> World:
    """One world for each seed."""
    parts = [_one(regime, np.random.default_rng(seed)) for seed in seeds]
    stacked = [np.stack(column) for column in zip(*parts, strict=True)]
    rate, tier, *counts, last_used, first_day, audience, view_rate, target = stacked
    return World(rate, tier, Counts(*counts), last_used, first_day, audience, view_rate, target)


def views(world: World, slots: int, rng: np.random.Generator) -> np.ndarray:
    """Views of the messages of a day, by (seed, page, slot)."""
    shape = (*world.audience.shape, slots)
    return _views(world.audience[..., None], world.view_rate[..., None], shape, rng)


def prices(tier: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What each of these messages costs."""
    return _PRICES[tier, rng.integers(0, _PRICES.shape[1], tier.shape)]


def _views(
    audience: np.ndarray, view_rate: np.ndarray, shape: tuple[int, ...], rng: np.random.Generator
) -> np.ndarray:
    recipients = np.maximum(audience * rng.beta(*_SEGMENT, shape), 1).astype(np.int64)
    return rng.binomial(recipients, np.minimum(view_rate * rng.uniform(0.8, 1.2, shape), 0.98))


def _one(regime: Regime, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    arriving = regime.weekly_captions * ((regime.days - 1) // 7)
    per_page = regime.captions + arriving
    scale = Scale("bench", regime.pages, per_page, regime.days, messages_per_day=1)
    pages = creators.draw(scale, rng)
    if regime.audience:
        low, high = np.log(regime.audience)
        pages = replace(pages, audience=np.exp(rng.uniform(low, high, regime.pages)))
    target = _daily_target(pages.audience)
    bank = captions.draw(Identity(scale, 0, _ANY_DAY), pages, rng)
    shape = (regime.pages, per_page)
    rate, tier, taste = (
        x.reshape(shape) for x in (bank.conversion_rate, bank.tier, bank.popularity.copy())
    )
    taste[:, regime.captions :] = 0

    weeks = np.maximum(np.arange(per_page) - regime.captions, -1) // max(regime.weekly_captions, 1)
    first_day = np.where(bank.is_active.reshape(shape), (weeks + 1) * 7, regime.days)
    counts, last_used = _history(regime, pages, target, taste, rate, tier, rng)
    return rate, tier, *counts, last_used, first_day, pages.audience, pages.view_rate, target


def _history(
    regime: Regime,
    pages: creators.Creators,
    target: np.ndarray,
    taste: np.ndarray,
    rate: np.ndarray,
    tier: np.ndarray,
    rng: np.random.Generator,
) -> tuple[tuple[np.ndarray, ...], np.ndarray]:
    """Successes, failures and earnings of the messages before day 0, and their last days."""
    successes, failures, earnings = np.zeros((3, *taste.shape))
    last_used = np.full(taste.shape, -np.inf)
    for page in range(regime.pages):
        size = regime.history_days * target[page]
        caption = rng.choice(taste.shape[1], size, p=taste[page] / taste[page].sum())
        day = np.repeat(np.arange(-regime.history_days, 0), target[page])
        seen = _views(pages.audience[page], pages.view_rate[page], (size,), rng)
        bought = rng.binomial(seen, rate[page, caption])
        np.add.at(successes[page], caption, bought)
        np.add.at(failures[page], caption, seen - bought)
        np.add.at(earnings[page], caption, bought * prices(tier[page, caption], rng))
        np.maximum.at(last_used[page], caption, day)
    return (successes, failures, earnings), last_used


def _daily_target(audience: np.ndarray) -> np.ndarray:
    """As the table function account_sizes classes a page by its recipients."""
    rules = Automation()
    recipients = audience * _MEDIAN_SEGMENT
    return np.select(
        [recipients >= rules.large_audience, recipients >= rules.medium_audience],
        [rules.large_daily_target, rules.medium_daily_target],
        rules.small_daily_target,
    )
