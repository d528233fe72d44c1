"""Does selection learn? Policies in closed loop on pages whose true rates are known to us only."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bqstack import durable
from dev.bench import figure_table, loop
from dev.bench.benchmark import Figure, Figures, benchmark
from dev.bench.hidden_rates import Regime
from dev.bench.lab import Lab
from dev.bench.ranking import POLICIES
from dev.bench.realities import PLAIN, REALITIES, Reality
from eros.project.settings_sections import Selection

# Other seeds than those on which the defaults of settings.Selection were chosen (0 to 9).
SEEDS = range(100, 130)
DAYS = 365
WEEK = 7
# The first days that are told apart from the whole year, and the whole year.
SPANS = (90, DAYS)
# Knows the rates of the day: nobody can do much better under the same cooldown.
ORACLE = "oracle"
# The index as it runs, with its share of random captions; the others are compared without one.
LIVE = "live"
EVERYONE = (ORACLE, *POLICIES, LIVE)
# What is simulated and stored together: a change of the index leaves the others' results valid.
PARTS: dict[str, tuple[str, ...]] = {
    "others": tuple(name for name in EVERYONE if name not in ("index", LIVE)),
    "index": ("index", LIVE),
}
# What the index must never be far behind.
RIVALS = ("observed", "greedy", "wilson", "beta")
# Raised when the worlds or these policies compute something else: what was simulated is void.
_EDITIONS = {"others": 2, "index": 2}
# All that a policy but the index reads of the settings.
_DRAWS = ("cooldown_days", "prior_successes", "prior_failures", "earnings_prior_purchases")
_STORE = figure_table.RESULTS / "learning"

REGIMES = (
    Regime("small pages", "300 to 3,000 fans, 200 captions", 200, (300, 3_000)),
    Regime("mixed pages", "audiences of the sample, 200 captions", 200),
    Regime(
        "new captions",
        "as mixed pages, and 10 new captions a week",
        200,
        weekly_captions=10,
        pages=5,
    ),
    Regime(
        "cold start",
        "audiences of the sample, 1,000 captions, none ever sent",
        1_000,
        None,
        0,
        pages=10,
    ),
    Regime(
        "large pages", "50,000 to 500,000 fans, 2,000 captions", 2_000, (50_000, 500_000), pages=5
    ),
)


@dataclass(frozen=True)
class Condition:
    """Pages, and what life does to them."""

    regime: Regime
    reality: Reality


CONDITIONS = tuple(Condition(regime, reality) for reality in REALITIES for regime in REGIMES)


@dataclass(frozen=True)
class Result:
    """Sums of one seed; the first axis is EVERYONE."""

    value: np.ndarray
    """Expected dollars by (policy, span, page)."""
    messages: np.ndarray
    """By (policy, span, page)."""
    untried: np.ndarray
    """Messages with a caption never sent before, by (policy, span, page)."""
    weekly: np.ndarray
    """Expected dollars of all pages by (policy, week)."""
    weekly_messages: np.ndarray
    """By (policy, week)."""
    target: np.ndarray
    """Messages of a day that a page carries, by page."""

    def per_message(self, policy: str, span: int) -> float:
        """Expected dollars per message over all pages."""
        at = EVERYONE.index(policy), SPANS.index(span)
        return float(self.value[at].sum() / self.messages[at].sum())


def simulate(
    condition: Condition, seed: int, days: int = DAYS, who: Sequence[str] = EVERYONE
) -> Result:
    """Policies on the pages of one seed; spans longer than `days` end with them."""
    rules = Selection()
    stage = loop.prepare(condition.regime, condition.reality, days, seed, rules)
    courses = []
    for name in who:
        policy = None if name == ORACLE else POLICIES["index" if name == LIVE else name]
        courses.append(loop.simulate(stage, policy, rules.random_share if name == LIVE else 0.0))
    weeks = np.arange(0, days - days % WEEK, WEEK)

    def summed(field: str) -> np.ndarray:
        return np.array([[getattr(c, field)[:span].sum(0) for span in SPANS] for c in courses])

    def by_week(field: str) -> np.ndarray:
        whole = len(weeks) * WEEK
        return np.array([np.add.reduceat(getattr(c, field).sum(1)[:whole], weeks) for c in courses])

    return Result(
        value=summed("value"),
        messages=summed("messages"),
        untried=summed("untried"),
        weekly=by_week("value"),
        weekly_messages=by_week("messages"),
        target=stage.world.daily_target,
    )


def stored(condition: Condition, seed: int, part: str) -> Path:
    """Where a part of a year's result lies; another world, setting or edition is another file."""
    settings = Selection().model_dump()
    if part != "index":
        settings = {name: settings[name] for name in _DRAWS}
    about = repr((_EDITIONS[part], condition, DAYS, settings))
    key = hashlib.sha256(about.encode()).hexdigest()[:12]
    name = f"{condition.reality.name}-{condition.regime.name}-{part}-{key}".replace(" ", "-")
    return _STORE / name / f"{seed}.npz"


def keep(condition: Condition, seed: int, part: str) -> None:
    """Simulate a year of one seed and store it."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **vars(simulate(condition, seed, who=PARTS[part])))
    path = stored(condition, seed, part)
    path.parent.mkdir(parents=True, exist_ok=True)
    durable.write_bytes(path, buffer.getvalue())


def kept(condition: Condition) -> list[Result]:
    """The stored results of a condition, by seed."""
    found = []
    for seed in SEEDS:
        paths = [stored(condition, seed, part) for part in PARTS]
        if all(path.exists() for path in paths):
            found.append(_joined([_read(path) for path in paths]))
    return found


def _read(path: Path) -> Result:
    with np.load(path) as arrays:
        return Result(**arrays)


def _joined(parts: list[Result]) -> Result:
    """The results of all parts as one: the policies follow each other as in EVERYONE."""

    def together(field: str) -> np.ndarray:
        return np.concatenate([getattr(part, field) for part in parts])

    return Result(
        value=together("value"),
        messages=together("messages"),
        untried=together("untried"),
        weekly=together("weekly"),
        weekly_messages=together("weekly_messages"),
        target=parts[0].target,
    )


@benchmark("learning", "expected dollars per message over 90 days, 3 seeds")
def learning(lab: Lab) -> Figures:
    """The index against what it must not be behind, and against the oracle; samples are seeds."""
    figures = []
    for regime in REGIMES:
        results = [simulate(Condition(regime, PLAIN), seed, SPANS[0]) for seed in SEEDS[:3]]
        for below in (ORACLE, *RIVALS):
            ratios = (
                r.per_message("index", SPANS[0]) / r.per_message(below, SPANS[0]) for r in results
            )
            figures.append(Figure(f"{regime.name}: index / {below}", "x", tuple(ratios)))
        lab.say(regime.name)
    return Figures(tuple(figures), {regime.name: regime.title for regime in REGIMES})
