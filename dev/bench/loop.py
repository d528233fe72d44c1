"""The closed loop: captions are picked, sent, bought, counted, and picked again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dev.bench import world as worlds
from dev.bench.bandit import Counts, Policy
from dev.bench.world import World
from eros.project.settings import Selection

# Seed of everything that happens in a world, beside the world's own.
_SEED = 20_251_101


@dataclass(frozen=True)
class Course:
    """What a policy earned by the hidden rates: dollars expected from the views it got."""

    value: np.ndarray
    """By (day, seed, page)."""
    messages: np.ndarray
    """By (day, seed, page)."""
    untried: np.ndarray
    """Messages with a caption never sent before, by (day, seed, page)."""
    realised: np.ndarray
    """Dollars really earned, by (day, seed, page)."""

    @property
    def per_message(self) -> np.ndarray:
        """Expected dollars per message over the whole course, by seed."""
        return self.value.sum((0, 2)) / self.messages.sum((0, 2))

    @property
    def realised_per_message(self) -> np.ndarray:
        """Dollars per message that were really earned, by seed."""
        return self.realised.sum((0, 2)) / self.messages.sum((0, 2))

    @property
    def per_page(self) -> np.ndarray:
        """Expected dollars per message, by (seed, page)."""
        return self.value.sum(0) / self.messages.sum(0)


def simulate(world: World, days: int, rules: Selection, policy: Policy | None) -> Course:
    """Run one policy; None knows the hidden rates and picks the best that has cooled down.

    All policies of a world see the same views in the same order.
    """
    rng = np.random.default_rng(_SEED)
    audience_rng = np.random.default_rng(_SEED + 1)
    history = world.history
    counts = Counts(*(a.copy() for a in (history.successes, history.failures, history.earnings)))
    last_used = world.last_used.copy()
    true_value = world.value
    slots = int(world.daily_target.max())
    in_target = np.arange(slots) < world.daily_target[..., None]
    course = Course(*np.zeros((4, days, *world.daily_target.shape)))
    for day in range(days):
        score = true_value if policy is None else policy(counts, rules, rng)
        free = (world.first_day <= day) & (last_used <= day - rules.cooldown_days)
        pick = _best(np.where(free, score, -np.inf), slots)
        seen = worlds.views(world, slots, audience_rng)
        sent = in_target & np.take_along_axis(free, pick, -1)
        seen = np.where(sent, seen, 0)
        bought = rng.binomial(seen, np.take_along_axis(world.rate, pick, -1))
        earned = bought * worlds.prices(np.take_along_axis(world.tier, pick, -1), rng)

        course.value[day] = (seen * np.take_along_axis(true_value, pick, -1)).sum(-1)
        course.messages[day] = sent.sum(-1)
        course.untried[day] = (sent & np.isinf(np.take_along_axis(last_used, pick, -1))).sum(-1)
        course.realised[day] = earned.sum(-1)
        # Picks of a page are different captions, so no sum is lost.
        for total, more in (
            (counts.successes, bought),
            (counts.failures, seen - bought),
            (counts.earnings, earned),
        ):
            _put(total, pick, np.take_along_axis(total, pick, -1) + more)
        _put(last_used, pick, np.where(sent, day, np.take_along_axis(last_used, pick, -1)))
    return course


def _best(score: np.ndarray, count: int) -> np.ndarray:
    """Indices of the highest scores of each page, best first."""
    top = np.argpartition(score, -count, axis=-1)[..., -count:]
    order = np.argsort(-np.take_along_axis(score, top, -1), axis=-1)
    return np.take_along_axis(top, order, -1)


def _put(array: np.ndarray, index: np.ndarray, values: np.ndarray) -> None:
    np.put_along_axis(array, index, values, -1)
