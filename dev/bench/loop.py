"""The closed loop: captions are picked, sent, bought, counted, and picked again."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numba import njit

from dev.bench import hidden_rates as worlds
from dev.bench.hidden_rates import Regime, World
from dev.bench.ranking import NEVER, Pages, Policy
from dev.bench.realities import Reality, Seasons, seasons
from eros.project.settings_sections import Selection

# Added to a world's seed: what happens in it is drawn apart from what it is.
_EVENTS = 20_251_101
# A normal number is as good as a binomial one from this many purchases on.
_MANY = 200.0


@dataclass
class _Sent:
    """Messages whose results are not all counted, as a ring by (day, page, slot)."""

    caption: np.ndarray
    views: np.ndarray
    bought: np.ndarray
    earned: np.ndarray
    load: np.ndarray
    """How often the caption was sent before, as Pages.load has it."""
    counted: np.ndarray
    """Views, purchases and dollars counted so far, by (3, day, page, slot)."""

    @classmethod
    def empty(cls, days: int, pages: int, slots: int) -> _Sent:
        shape = (days, pages, slots)
        views, bought, earned, load = np.zeros((4, *shape))
        return cls(np.full(shape, -1), views, bought, earned, load, np.zeros((3, *shape)))


@dataclass
class _Life:
    """A world at the start of a day."""

    pages: Pages
    fatigue: np.ndarray
    drift: np.ndarray
    sent: _Sent

    def copy(self) -> _Life:
        """The same day again, for another policy."""

        def copied(of: object) -> list[np.ndarray]:
            return [array.copy() for array in vars(of).values()]

        return _Life(
            Pages(*copied(self.pages)),
            self.fatigue.copy(),
            self.drift.copy(),
            _Sent(*copied(self.sent)),
        )


@dataclass(frozen=True)
class Course:
    """What a policy earned by the hidden rates: dollars expected from the views it got."""

    value: np.ndarray
    """By (day, page)."""
    messages: np.ndarray
    """By (day, page)."""
    untried: np.ndarray
    """Messages with a caption never sent before, by (day, page)."""


@dataclass
class Stage:
    """A world with its history, ready for policies; all see the same views and days."""

    world: World
    reality: Reality
    days: int
    rules: Selection
    seed: int
    start: _Life = field(repr=False)
    views: np.ndarray = field(repr=False)
    noise: np.ndarray = field(repr=False)
    seasons: Seasons = field(repr=False)


def prepare(regime: Regime, reality: Reality, days: int, seed: int, rules: Selection) -> Stage:
    """Draw the world of a seed and let its team send for the days of its history."""
    world = worlds.draw(regime, reality, days, seed)
    rng = np.random.default_rng(seed + _EVENTS)
    life = _newborn(world, reality, rng, rules)
    past = regime.history_days
    year = seasons(reality, -past, past + days)
    views = worlds.views(world, year.attention, rng)
    noise = np.ones_like(views)
    if reality.noise:
        noise = np.exp(rng.normal(-(reality.noise**2) / 2, reality.noise, views.shape))
    _seed(seed)
    chances = world.taste / world.taste.sum(axis=1, keepdims=True)
    for day in range(past):
        effective = _morning(life, world, reality, day - past, rng)
        picks = np.full(views.shape[1:], -1)
        for page, target in enumerate(_targets(world, year, day)):
            picks[page, :target] = rng.choice(chances.shape[1], target, p=chances[page])
        _send(
            life,
            world,
            reality,
            picks,
            day - past,
            effective,
            views[day],
            noise[day],
            year.buying[day],
            rules,
        )
    rest = Seasons(*(factor[past:] for factor in vars(year).values()))
    return Stage(world, reality, days, rules, seed, life, views[past:], noise[past:], rest)


def simulate(stage: Stage, policy: Policy | None, random_share: float = 0.0) -> Course:
    """Run one policy; None knows the rates of the day and picks the best that has cooled down."""
    world, reality = stage.world, stage.reality
    life = stage.start.copy()
    # One generator for the truth, the same for all, and one for the policy's own draws.
    truth, luck = (np.random.default_rng([stage.seed, _EVENTS, n]) for n in (1, 2))
    _seed(stage.seed + _EVENTS)
    # A planned message keeps its caption until it is sent.
    gap = max(stage.rules.cooldown_days, reality.lead_days + 1)
    course = Course(*np.zeros((3, stage.days, len(world.audience))))
    best = worlds.MEAN_PRICE[world.tier]
    for day in range(stage.days):
        effective = _morning(life, world, reality, day, truth)
        score = effective * best if policy is None else policy(life.pages, day, luck)
        picks = np.full(stage.views.shape[1:], -1)
        _pick(
            *(score, world.first_day, life.pages.last_used, float(day), float(gap)),
            *(_targets(world, stage.seasons, day), random_share, picks),
        )
        sent = picks >= 0
        last = np.take_along_axis(life.pages.last_used, np.maximum(picks, 0), 1)
        course.messages[day] = sent.sum(1)
        course.untried[day] = (sent & (last == NEVER)).sum(1)
        course.value[day] = _send(
            *(life, world, reality, picks, day, effective),
            *(stage.views[day], stage.noise[day], stage.seasons.buying[day], stage.rules),
        )
    return course


def _newborn(world: World, reality: Reality, rng: np.random.Generator, rules: Selection) -> _Life:
    shape = world.rate.shape
    pages = Pages.unknown(world.tier, len(worlds.MEAN_PRICE), rules)
    drift = reality.drift * rng.standard_normal(shape) if reality.drift else np.zeros(shape)
    ring = reality.lead_days + len(reality.arrival) + 1
    sent = _Sent.empty(ring, shape[0], int(world.daily_target.max()))
    return _Life(pages, np.zeros(shape), drift, sent)


def _targets(world: World, year: Seasons, day: int) -> np.ndarray:
    return np.maximum(np.round(world.daily_target * year.volume[day]), 1).astype(np.int64)


def _morning(
    life: _Life, world: World, reality: Reality, day: int, rng: np.random.Generator
) -> np.ndarray:
    """Count what has come in, and give the true rates of the day."""
    pages, sent = life.pages, life.sent
    _count(
        *(day, reality.lead_days, np.array(reality.arrival), sent.caption, sent.views),
        *(sent.bought, sent.earned, sent.load, sent.counted, pages.successes, pages.failures),
        *(pages.earnings, pages.load_views, pages.load_squares, pages.load_successes),
        *(pages.weekday_views, pages.weekday_successes, pages.messages, pages.views),
    )
    if not (reality.drift or reality.tiring):
        return world.rate
    if reality.drift:
        keep = math.exp(-1 / reality.drift_days)
        life.drift *= keep
        life.drift += reality.drift * math.sqrt(1 - keep**2) * rng.standard_normal(life.drift.shape)
    life.fatigue *= 0.5 ** (1 / reality.rest_days)
    return world.rate * np.exp(life.drift - reality.drift**2 / 2 - life.fatigue)


def _send(
    life: _Life,
    world: World,
    reality: Reality,
    picks: np.ndarray,
    day: int,
    effective: np.ndarray,
    views: np.ndarray,
    noise: np.ndarray,
    buying: float,
    rules: Selection,
) -> np.ndarray:
    """Send the picks; expected dollars by page."""
    value = np.zeros(len(picks))
    sent = life.sent
    slot = day % len(sent.caption)
    sent.counted[:, slot] = 0
    _buy(
        *(picks, effective, world.tier, worlds.PRICES, worlds.MEAN_PRICE, views, noise),
        *(float(buying), float(day), reality.tiring, life.pages.last_used, life.fatigue),
        *(sent.caption[slot], sent.views[slot], sent.bought[slot], sent.earned[slot]),
        *(sent.load[slot], life.pages.load, rules.recovery_days, value),
    )
    return value


@njit(cache=True)
def _seed(seed):
    np.random.seed(seed)


@njit(cache=True)
def _count(
    day,
    lead,
    arrival,
    caption,
    views,
    bought,
    earned,
    load,
    counted,
    s,
    f,
    e,
    load_views,
    load_squares,
    load_sold,
    week_views,
    week_sold,
    messages,
    seen,
):
    """Fold into the counts what has arrived by this morning; a later result replaces."""
    ring = caption.shape[0]
    for age in range(1, arrival.shape[0] + 1):
        slot = (day - age - lead) % ring
        weekday = (day - age - lead) % 7
        part = arrival[age - 1]
        for page in range(caption.shape[1]):
            for j in range(caption.shape[2]):
                c = caption[slot, page, j]
                if c < 0:
                    continue
                if part >= 1:
                    n, b, d = views[slot, page, j], bought[slot, page, j], earned[slot, page, j]
                else:
                    # Views come in a little before purchases do.
                    b = max(np.floor(bought[slot, page, j] * part), counted[1, slot, page, j])
                    n = max(np.floor(views[slot, page, j] * min(1.0, part + 0.1)), b)
                    n = max(n, counted[0, slot, page, j])
                    d = earned[slot, page, j] * b / max(bought[slot, page, j], 1.0)
                more, more_sold = n - counted[0, slot, page, j], b - counted[1, slot, page, j]
                if age == 1:
                    messages[page] += 1
                seen[page] += more
                s[page, c] += more_sold
                f[page, c] += more - more_sold
                e[page, c] += d - counted[2, slot, page, j]
                under = load[slot, page, j]
                load_views[page, c] += more * under
                load_squares[page, c] += more * under * under
                load_sold[page, c] += more_sold * under
                week_views[page, c, weekday] += more
                week_sold[page, c, weekday] += more_sold
                counted[0, slot, page, j] = n
                counted[1, slot, page, j] = b
                counted[2, slot, page, j] = d
                if age == arrival.shape[0]:
                    caption[slot, page, j] = -1


@njit(cache=True)
def _pick(score, first_day, last, day, gap, targets, random_share, picks):
    """The best free captions of each page; a share of them is drawn at random instead."""
    free = np.empty(score.shape[1], np.int64)
    for page in range(score.shape[0]):
        count = 0
        for i in range(score.shape[1]):
            if first_day[page, i] <= day and last[page, i] <= day - gap:
                free[count] = i
                count += 1
        room = min(targets[page], count)
        by_chance = 0
        if random_share > 0:
            for _ in range(room):
                if np.random.random() < random_share:
                    by_chance += 1
        for j in range(by_chance):
            at = np.random.randint(j, count)
            free[j], free[at] = free[at], free[j]
            picks[page, j] = free[j]
        # The best of the rest, kept in order while all are seen once.
        held = by_chance
        for k in range(by_chance, count):
            mine = score[page, free[k]]
            # What was drawn at random stays, even where that is all.
            if held == room and (room == by_chance or mine <= score[page, picks[page, room - 1]]):
                continue
            at = held if held < room else held - 1
            while at > by_chance and mine > score[page, picks[page, at - 1]]:
                picks[page, at] = picks[page, at - 1]
                at -= 1
            picks[page, at] = free[k]
            held = min(held + 1, room)


@njit(cache=True)
def _buy(
    picks,
    rate,
    tier,
    prices,
    mean_price,
    views,
    noise,
    buying,
    day,
    tiring,
    last,
    fatigue,
    caption,
    seen,
    bought,
    earned,
    sent_load,
    load,
    half,
    value,
):
    for page in range(picks.shape[0]):
        for j in range(picks.shape[1]):
            c = picks[page, j]
            caption[page, j] = c
            if c < 0:
                continue
            n = views[page, j]
            chance = min(rate[page, c] * noise[page, j] * buying, 0.9)
            if n * chance < _MANY:
                b = float(np.random.binomial(int(n), chance))
            else:
                b = np.random.normal(n * chance, math.sqrt(n * chance * (1 - chance)))
                b = min(max(np.round(b), 0.0), n)
            seen[page, j] = n
            bought[page, j] = b
            earned[page, j] = b * prices[tier[page, c], np.random.randint(0, prices.shape[1])]
            value[page] += n * rate[page, c] * buying * mean_price[tier[page, c]]
            if last[page, c] > NEVER:
                load[page, c] *= 0.5 ** ((day - last[page, c]) / half)
            sent_load[page, j] = load[page, c]
            load[page, c] += 1
            last[page, c] = day
            fatigue[page, c] += tiring
