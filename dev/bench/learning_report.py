"""Writes the figures and the plot of docs/learning.md: `python -m dev.bench.learning_report`.

It reads what `python -m dev.bench.learning_runs` has stored.
"""

from __future__ import annotations

import re
import sys
from itertools import groupby
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from scipy import stats

from dev.bench import learning
from dev.bench.learning import (
    CONDITIONS,
    EVERYONE,
    LIVE,
    ORACLE,
    REGIMES,
    RIVALS,
    SPANS,
    WEEK,
    Condition,
    Result,
)
from dev.bench.realities import PLAIN, REALITIES
from eros.project.settings import PROJECT_ROOT
from eros.project.settings_sections import Automation

_PAGE = PROJECT_ROOT / "docs" / "learning.md"
_PLOT = PROJECT_ROOT / "docs" / "learning.svg"
_BEGIN, _END = (
    "<!-- figures: written by dev/bench/learning_report.py -->",
    "<!-- end of figures -->",
)
_COLOURS = {
    "random": "#999999",
    "observed": "#e69f00",
    "greedy": "#0072b2",
    "wilson": "#cc79a7",
    "beta": "#009e73",
    "index": "#d55e00",
}
# The goals of docs/learning.md, in percent and as a share.
MOST_BEHIND = 1.0
MOST_DISTANCE = 0.6
LEAST_LEFT = 5.0
_MONTH = 30
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_METADATA = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
_DOCTYPE = re.compile(r"<!DOCTYPE.*?>", re.DOTALL)
_BETWEEN = re.compile(r">\s+<")
_NUMBERS = re.compile(r'\bd="[^"]*"')
_DECIMALS = re.compile(r"-?\d+\.\d+")

Found = dict[Condition, list[Result]]


def main() -> int:
    """Write both files; 1 when a condition has fewer than three seeds."""
    found: Found = {condition: learning.kept(condition) for condition in CONDITIONS}
    if any(len(results) < 3 for results in found.values()):
        print("nothing to report yet: python -m dev.bench.learning_runs", file=sys.stderr)
        return 1
    _plot(found, _PLOT)
    put(_tables(found), _BEGIN, _END)
    return 0


def put(text: str, begin: str, end: str) -> None:
    """Write a text into docs/learning.md in place of what stands between two marks."""
    head, _, rest = _PAGE.read_text(encoding="utf-8").partition(begin)
    tail = rest.partition(end)[2]
    _PAGE.write_text(f"{head}{begin}\n\n{text}\n{end}{tail}", encoding="utf-8")


def _tables(found: Found) -> str:
    return f"""\
Expected dollars per message in percent of the oracle's, in 90 days / in a year. The last column is
the index against the best of the four before it, in points of that percent, with a 95% interval:

{_shares(found)}

{_goals(found)}

Distance to the oracle over a year, and the index's as a share of greedy's where greedy leaves
{LEAST_LEFT:.0f}% or more:

{_distances(found)}

What the random share costs: the index with it, as it runs, against the index without, in percent of
the oracle's dollars (90 days / a year):

{_random_share(found)}

Dollars that a page earns in {_MONTH} days, mean of a year of the plain reality, by size of page:

{_dollars(found)}

Messages with a caption never sent before, in percent of all of the first 90 days / of a year:

{_untried(found)}
"""


def _shares(found: Found) -> str:
    rows = []
    for condition, results in found.items():
        rows.append(
            [
                condition.regime.name,
                condition.reality.name,
                str(len(results)),
                *(
                    " / ".join(f"{_of_oracle(results, n, s).mean():.1f}" for s in SPANS)
                    for n in RIVALS
                ),
                " / ".join(f"{_of_oracle(results, 'index', s).mean():.1f}" for s in SPANS),
                " / ".join(_signed(_behind(results, s)) for s in SPANS),
            ]
        )
    return table(["pages", "reality", "seeds", *RIVALS, "index", "index against best"], rows)


def _goals(found: Found) -> str:
    """One sentence for each goal: met, or where it is not."""
    behind = [
        f"{_name(condition)} ({span} days: {_signed(gap)})"
        for condition, results in found.items()
        for span in SPANS
        if (gap := _behind(results, span)).mean() < -MOST_BEHIND
    ]
    far = [
        f"{_name(condition)} ({share:.2f})"
        for condition, results in found.items()
        if (share := _distance_share(results)) is not None and share > MOST_DISTANCE
    ]
    checked = len(found) * len(SPANS)
    gained = sum(_distance_share(results) is not None for results in found.values())
    return "\n".join(
        (
            f"- Never more than {MOST_BEHIND:.0f}% behind the best of {', '.join(RIVALS)}: "
            + (
                f"not met in {len(behind)} of {checked}: {'; '.join(behind)}."
                if behind
                else f"met in all {checked}."
            ),
            f"- Distance to the oracle over a year at most {MOST_DISTANCE} of greedy's: "
            + (
                f"not met in {len(far)} of {gained}: {'; '.join(far)}."
                if far
                else f"met in all {gained}."
            ),
        )
    )


def _distances(found: Found) -> str:
    rows = []
    for regime in REGIMES:
        row = [regime.name]
        for reality in REALITIES:
            results = found[Condition(regime, reality)]
            greedy, index = (
                100 - _of_oracle(results, n, SPANS[-1]).mean() for n in ("greedy", "index")
            )
            share = _distance_share(results)
            row.append(f"{greedy:.1f} → {index:.1f}" + ("" if share is None else f" ({share:.2f})"))
        rows.append(row)
    return table(["pages", *(reality.name for reality in REALITIES)], rows)


def _random_share(found: Found) -> str:
    rows = []
    for regime in REGIMES:
        row = [regime.name]
        for reality in REALITIES:
            results = found[Condition(regime, reality)]
            costs = (
                (_of_oracle(results, LIVE, s) - _of_oracle(results, "index", s)).mean()
                for s in SPANS
            )
            row.append(" / ".join(f"{cost:+.1f}" for cost in costs))
        rows.append(row)
    return table(["pages", *(reality.name for reality in REALITIES)], rows)


def _dollars(found: Found) -> str:
    rules = Automation()
    sizes = {
        rules.small_daily_target: "small",
        rules.medium_daily_target: "medium",
        rules.large_daily_target: "large",
    }
    names = ("random", *RIVALS, "index", LIVE, ORACLE)
    rows = []
    for regime in REGIMES:
        results = found[Condition(regime, PLAIN)]
        for target, size in sizes.items():
            chosen = [result.target == target for result in results]
            count = sum(int(pages.sum()) for pages in chosen)
            if not count:
                continue
            earned = {
                name: sum(
                    result.value[EVERYONE.index(name), -1, pages].sum()
                    for result, pages in zip(results, chosen, strict=True)
                )
                / count
                / SPANS[-1]
                * _MONTH
                for name in names
            }
            rows.append(
                [regime.name, size, str(count), *(f"{earned[name]:,.0f}" for name in names)]
            )
    heads = ["random", *RIVALS, "index", "index as it runs", "oracle"]
    return table(["pages", "size", "pages drawn", *heads], rows)


def _untried(found: Found) -> str:
    names = ("random", *RIVALS, "index")
    rows = []
    for regime in REGIMES:
        results = found[Condition(regime, PLAIN)]
        rows.append(
            [
                regime.name,
                *(
                    " / ".join(
                        f"{100 * _untried_share(results, name, s):.0f}" for s in range(len(SPANS))
                    )
                    for name in names
                ),
            ]
        )
    return table(["pages", *names], rows)


def _untried_share(results: list[Result], name: str, span: int) -> float:
    at = EVERYONE.index(name), span
    return float(
        sum(r.untried[at].sum() for r in results) / sum(r.messages[at].sum() for r in results)
    )


def _of_oracle(results: list[Result], name: str, span: int) -> np.ndarray:
    """Percent of the oracle's dollars per message, by seed."""
    return np.array(
        [100 * r.per_message(name, span) / r.per_message(ORACLE, span) for r in results]
    )


def _behind(results: list[Result], span: int) -> np.ndarray:
    """Points that the index has more than the best rival of the condition, by seed."""
    best = max(RIVALS, key=lambda name: _of_oracle(results, name, span).mean())
    return _of_oracle(results, "index", span) - _of_oracle(results, best, span)


def _distance_share(results: list[Result]) -> float | None:
    """The index's distance to the oracle over a year in greedy's; None where greedy is close."""
    greedy, index = (100 - _of_oracle(results, n, SPANS[-1]).mean() for n in ("greedy", "index"))
    return float(index / greedy) if greedy >= LEAST_LEFT else None


def _name(condition: Condition) -> str:
    return f"{condition.regime.name}, {condition.reality.name}"


def _signed(samples: np.ndarray) -> str:
    mean, half = interval(samples)
    return f"{mean:+.1f} ± {half:.1f}"


def table(heads: list[str], rows: list[list[str]]) -> str:
    """A table of Markdown: texts at the left in the first column, at the right in the others."""
    rule = ["---", *["---:"] * (len(heads) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in (heads, rule, *rows))


def interval(samples: np.ndarray) -> tuple[float, float]:
    """Mean and half width of its 95% confidence interval (Student's t, over seeds)."""
    error = stats.sem(samples)
    return float(samples.mean()), float(stats.t.ppf(0.975, len(samples) - 1) * error)


def _plot(found: Found, path: Path) -> None:
    """A column per regime, plain above and everything at once below: percent of the oracle."""
    mpl.rcParams["svg.hashsalt"] = "eros"
    shown = (PLAIN, REALITIES[-1])
    figure, rows = plt.subplots(
        len(shown), len(REGIMES), figsize=(3.3 * len(REGIMES), 6), layout="constrained"
    )
    for line, (_, conditions) in enumerate(
        groupby((c for c in found if c.reality in shown), key=lambda c: c.reality)
    ):
        for axes, condition in zip(rows[line], conditions, strict=True):
            axes.set_title(f"{condition.regime.name}, {condition.reality.name}", fontsize=9)
            for name, colour in _COLOURS.items():
                mean, half = _weekly(found[condition], name)
                days = WEEK * np.arange(1, len(mean) + 1)
                axes.plot(days, mean, color=colour, label=name, linewidth=1.3)
                axes.fill_between(days, mean - half, mean + half, color=colour, alpha=0.2, lw=0)
            axes.set_ylim(0, 105)
            axes.tick_params(labelsize=8)
            axes.spines[["top", "right"]].set_visible(False)
        rows[line, 0].set_ylabel("dollars per message,\n% of oracle (week, 95% CI)")
    for axes in rows[-1]:
        axes.set_xlabel("day")
    handles, labels = rows[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
    figure.savefig(path, metadata={"Date": None})
    path.write_text(compact(path.read_text(encoding="utf-8")), encoding="utf-8")


def compact(svg: str) -> str:
    """The same drawing in few lines: a tenth of a point is finer than a screen shows."""
    for needless in (_COMMENT, _METADATA, _DOCTYPE):
        svg = needless.sub("", svg)
    svg = _NUMBERS.sub(lambda found: _rounded(found[0]), svg)
    svg = _BETWEEN.sub("><", svg)
    return svg.replace("<g id=", "\n<g id=").strip() + "\n"


def _rounded(attribute: str) -> str:
    """A list of coordinates on one line, without what is finer than a tenth of a point."""
    short = _DECIMALS.sub(lambda found: f"{float(found[0]):.1f}".removesuffix(".0"), attribute)
    return " ".join(short.split())


def _weekly(results: list[Result], name: str) -> tuple[np.ndarray, np.ndarray]:
    """Percent of the oracle's dollars per message by week, and half of its interval."""
    at, oracle = EVERYONE.index(name), EVERYONE.index(ORACLE)

    def per_message(result: Result, policy: int) -> np.ndarray:
        return np.asarray(result.weekly[policy] / result.weekly_messages[policy])

    shares = np.array([100 * per_message(r, at) / per_message(r, oracle) for r in results])
    half = stats.t.ppf(0.975, len(shares) - 1) * stats.sem(shares)
    return shares.mean(0), half


if __name__ == "__main__":
    raise SystemExit(main())
