"""Other values of the settings that nothing else decides: `python -m dev.bench.learning_choices`.

Writes a table of docs/learning.md. Seeds are those on which defaults are chosen, not those of the
other tables. What takes longest is the best of the other policies in each world.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from dev.bench import learning, loop
from dev.bench.hidden_rates import Regime
from dev.bench.learning_report import interval, put, table
from dev.bench.ranking import POLICIES, Policy, index_score
from dev.bench.realities import PLAIN, REALITIES, Reality
from eros.project.settings_sections import Selection

SEEDS = range(10)
_BEGIN, _END = (
    "<!-- choices: written by dev/bench/learning_choices.py -->",
    "<!-- end of choices -->",
)
_REGIMES = tuple(one for one in learning.REGIMES if one.name in ("small pages", "large pages"))
_SEASONS = next(one for one in REALITIES if one.name == "seasons")


def _tiring(days: float) -> Reality:
    return Reality(f"tiring, half is back in {days:g} days", "", tiring=0.3, rest_days=days)


@dataclass(frozen=True)
class Choice:
    """A setting, the values to try, and the worlds in which it could matter."""

    setting: str
    values: tuple[float, ...]
    worlds: tuple[Reality, ...]


CHOICES = (
    Choice("recovery_weight", (5.0, 50.0, 500.0), (PLAIN, _tiring(30))),
    Choice("recovery_days", (10.0, 30.0, 90.0), (_tiring(10), _tiring(30), _tiring(90))),
    Choice("weekday_purchases", (20.0, 200.0, 2_000.0), (PLAIN, _SEASONS)),
)


def shares(
    regime: Regime, reality: Reality, seed: int, rules: Selection, policies: Mapping[str, Policy]
) -> dict[str, np.ndarray]:
    """Percent of the oracle's dollars per message that each policy earns, by span."""
    stage = loop.prepare(regime, reality, learning.DAYS, seed, rules)

    def per_message(policy: Policy | None) -> np.ndarray:
        course = loop.simulate(stage, policy)
        spans = [(course.value[:days], course.messages[:days]) for days in learning.SPANS]
        return np.array([value.sum() / messages.sum() for value, messages in spans])

    oracle = per_message(None)
    return {name: 100 * per_message(policy) / oracle for name, policy in policies.items()}


def _rows(choice: Choice, regime: Regime, reality: Reality, seeds: int) -> list[list[str]]:
    """A line for each value: what it earns, and what it has more than the default."""
    found = {}
    for value in choice.values:
        rules = Selection().model_copy(update={choice.setting: value})
        policy = {"index": partial(index_score, rules=rules)}
        found[value] = np.array(
            [shares(regime, reality, seed, rules, policy)["index"] for seed in SEEDS[:seeds]]
        )
    default = getattr(Selection(), choice.setting)
    rows = []
    for value, earned in found.items():
        more = "default" if value == default else _both(earned - found[default], "{:+.1f} ± {:.1f}")
        name = Selection.model_fields[choice.setting].alias
        rows.append(
            [f"`{name}` {value:g}", regime.name, reality.name, _both(earned, "{:.1f}"), more]
        )
    return rows


def _both(samples: np.ndarray, form: str) -> str:
    """A text for each span, by (seed, span)."""
    return " / ".join(form.format(*interval(samples[:, span])) for span in range(samples.shape[1]))


def _rivals(reality: Reality, regime: Regime, seeds: int) -> list[str]:
    """The best of the other policies, and what the index has more."""
    rules = Selection()
    policies = {name: POLICIES[name] for name in (*learning.RIVALS, "index")}
    each = [shares(regime, reality, seed, rules, policies) for seed in SEEDS[:seeds]]
    earned = {name: np.array([one[name] for one in each]) for name in policies}
    texts = []
    for span in range(len(learning.SPANS)):
        best = max(learning.RIVALS, key=lambda name: earned[name][:, span].mean())
        more = interval(earned["index"][:, span] - earned[best][:, span])
        texts.append((best, earned[best][:, span].mean(), more))
    return [
        regime.name,
        reality.name,
        " / ".join(f"{name} {mean:.1f}" for name, mean, _ in texts),
        " / ".join(f"{mean:+.1f} ± {half:.1f}" for _, _, (mean, half) in texts),
    ]


def main() -> int:
    """Write the two tables of the choices into docs/learning.md."""
    parser = argparse.ArgumentParser(
        prog="python -m dev.bench.learning_choices", description=__doc__
    )
    parser.add_argument("--seeds", type=int, default=len(SEEDS), help="seeds of each world (10)")
    seeds = parser.parse_args().seeds
    tried = [
        row
        for choice in CHOICES
        for reality in choice.worlds
        for regime in _REGIMES
        for row in _rows(choice, regime, reality, seeds)
    ]
    others = [_rivals(_tiring(days), regime, seeds) for days in (10, 90) for regime in _REGIMES]
    heads = ["setting", "pages", "reality", "90 days / a year", "more than the default"]
    text = f"""\
Percent of the oracle's dollars per message, {seeds} seeds of those on which defaults are chosen:

{table(heads, tried)}

Where fans recover faster or more slowly than the index reckons with:

{table(["pages", "reality", "best of the four", "index against it"], others)}
"""
    put(text, _BEGIN, _END)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
