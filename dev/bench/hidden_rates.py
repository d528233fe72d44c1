"""Pages and captions with hidden rates, as the sample draws them, for the learning simulation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from dev.bench.realities import Reality
from eros.project.settings_sections import Automation
from eros.sample import Identity, Scale, captions, creators

# Dollars that a message of a tier may cost, in the order of eros.sample.captions.TIERS.
PRICES = np.array([[3, 4, 5, 6], [7, 8, 10, 12], [15, 18, 20, 25], [30, 35, 40, 50]], dtype=float)
MEAN_PRICE = PRICES.mean(axis=1)
# Part of the audience that a message goes to: a Beta distribution, and its median.
_SEGMENT = (1.5, 4.0)
_MEDIAN_SEGMENT = 0.24
# The texts are of no interest here, nor is the day.
_ANY_DAY = date(2025, 11, 1)


@dataclass(frozen=True)
class Regime:
    """Pages on which policies are compared."""

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


@dataclass(frozen=True)
class World:
    """Arrays by (page, caption) unless stated otherwise."""

    rate: np.ndarray
    """Purchases per view, before tiring and drift; hidden."""
    tier: np.ndarray
    taste: np.ndarray
    """How readily the team picked the caption before day 0; 0 is never."""
    first_day: np.ndarray
    """Day from which the caption may be picked; beyond the last day when it is inactive."""
    audience: np.ndarray
    """By page."""
    view_rate: np.ndarray
    """By page."""
    daily_target: np.ndarray
    """By page."""


def draw(regime: Regime, reality: Reality, days: int, seed: int) -> World:
    """The pages of one seed."""
    rng = np.random.default_rng(seed)
    arriving = regime.weekly_captions * ((days - 1) // 7)
    per_page = regime.captions + arriving
    scale = Scale("bench", regime.pages, per_page, days, messages_per_day=1)
    pages = creators.draw(scale, rng)
    if regime.audience:
        low, high = np.log(regime.audience)
        pages = replace(pages, audience=np.exp(rng.uniform(low, high, regime.pages)))
    bank = captions.draw(Identity(scale, 0, _ANY_DAY), pages, rng)
    shape = (regime.pages, per_page)
    rate, tier, taste = (
        x.reshape(shape) for x in (bank.conversion_rate, bank.tier, bank.popularity.copy())
    )
    taste[:, regime.captions :] = 0
    weeks = np.maximum(np.arange(per_page) - regime.captions, -1) // max(regime.weekly_captions, 1)
    first_day = np.where(bank.is_active.reshape(shape), (weeks + 1) * 7, days)
    # Around the page's geometric mean: a flat world has the same level and smaller differences.
    middle = np.exp(np.log(np.maximum(rate, 1e-6)).mean(axis=1, keepdims=True))
    rate = middle * (np.maximum(rate, 1e-6) / middle) ** reality.differences
    return World(
        *(rate, tier.astype(np.int64), taste, first_day.astype(float)),
        *(pages.audience, pages.view_rate, _daily_target(pages.audience)),
    )


def views(world: World, attention: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Views of the messages of some days, by (day, page, slot); attention is a factor by day."""
    shape = (len(attention), len(world.audience), int(world.daily_target.max()))
    audience, view_rate = world.audience[:, None], world.view_rate[:, None]
    recipients = np.maximum(audience * rng.beta(*_SEGMENT, shape), 1).astype(np.int64)
    chance = view_rate * rng.uniform(0.8, 1.2, shape) * attention[:, None, None]
    return rng.binomial(recipients, np.minimum(chance, 0.98)).astype(float)


def _daily_target(audience: np.ndarray) -> np.ndarray:
    """As the table function account_sizes classes a page by its recipients."""
    rules = Automation()
    recipients = audience * _MEDIAN_SEGMENT
    return np.select(
        [recipients >= rules.large_audience, recipients >= rules.medium_audience],
        [rules.large_daily_target, rules.medium_daily_target],
        rules.small_daily_target,
    )
