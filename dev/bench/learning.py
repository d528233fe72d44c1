"""Does selection learn? Policies in closed loop on pages whose true rates are known to us only."""

from __future__ import annotations

import numpy as np

from dev.bench import loop, world
from dev.bench.bandit import POLICIES
from dev.bench.figures import Figure, Figures, benchmark
from dev.bench.lab import Lab
from dev.bench.loop import Course
from dev.bench.world import Regime
from eros.project.settings import Selection

# Other seeds than those on which the defaults of settings.Selection were chosen (0 to 5).
SEEDS = range(100, 130)
YEAR_SEEDS = range(100, 110)
# Knows the hidden rates: nobody can do much better under the same cooldown.
ORACLE = "oracle"

REGIMES = (
    Regime("small pages", "300 to 3,000 fans, 200 captions", 200, (300, 3_000)),
    Regime("mixed pages", "audiences of the sample, 200 captions", 200),
    Regime("new captions", "as mixed pages, and 10 new captions a week", 200, weekly_captions=10),
    Regime("cold start", "audiences of the sample, 1,000 captions, none ever sent", 1_000, None, 0),
    Regime("large pages", "50,000 to 500,000 fans, 2,000 captions", 2_000, (50_000, 500_000)),
)
YEARS = (
    Regime("small pages, a year", REGIMES[0].title, 200, (300, 3_000), days=365),
    Regime("cold start, a year", REGIMES[3].title, 1_000, None, 0, days=365),
    Regime("large pages, a year", REGIMES[4].title, 2_000, (50_000, 500_000), days=365),
)
# What the issue asks to be compared: the first over the second.
PAIRS = (
    ("beta", "random"),
    ("beta", "observed"),
    ("beta", "greedy"),
    ("beta", "wilson"),
)


def compare(regime: Regime, seeds: range) -> dict[str, Course]:
    """The course of every policy on the same worlds."""
    worlds = world.draw(regime, seeds)
    everyone = {ORACLE: None, **POLICIES}
    rules = Selection()
    return {
        name: loop.simulate(worlds, regime.days, rules, policy) for name, policy in everyone.items()
    }


def ratios(courses: dict[str, Course], above: str, below: str) -> np.ndarray:
    """Expected dollars per message of one policy over those of the other, by seed."""
    return courses[above].per_message / courses[below].per_message


@benchmark("learning", "expected dollars per message over 90 days, 20 creators, 30 seeds")
def learning(lab: Lab) -> Figures:
    """The policies of the SQL and what they are measured against; samples are seeds."""
    figures = []
    for regime in REGIMES:
        courses = compare(regime, SEEDS)
        figures += [
            Figure(f"{regime.name}: {above} / {below}", "x", tuple(ratios(courses, above, below)))
            for above, below in PAIRS
        ]
        lab.say(regime.name)
    sizes = {regime.name: regime.title for regime in REGIMES}
    return Figures(tuple(figures), sizes)
