"""Writes the figures and the plot of docs/learning.md: `python -m dev.bench.learning_report`."""

from __future__ import annotations

import re
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from scipy import stats

from dev.bench.bandit import POLICIES
from dev.bench.learning import ORACLE, PAIRS, REGIMES, SEEDS, YEAR_SEEDS, YEARS, compare, ratios
from dev.bench.loop import Course
from dev.bench.world import Regime
from eros.project.settings import PROJECT_ROOT

_PAGE = PROJECT_ROOT / "docs" / "learning.md"
_PLOT = PROJECT_ROOT / "docs" / "learning.svg"
_BEGIN, _END = (
    "<!-- figures: written by dev/bench/learning_report.py -->",
    "<!-- end of figures -->",
)
_NAMES = tuple(POLICIES)
_COLOURS = {
    "random": "#999999",
    "observed": "#e69f00",
    "greedy": "#0072b2",
    "wilson": "#cc79a7",
    "beta": "#009e73",
}
_WEEK, _MONTH = 7, 28
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_METADATA = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
_DOCTYPE = re.compile(r"<!DOCTYPE.*?>", re.DOTALL)
_BETWEEN = re.compile(r">\s+<")
_NUMBERS = re.compile(r'\bd="[^"]*"')
_DECIMALS = re.compile(r"-?\d+\.\d+")

Found = list[tuple[Regime, range, dict[str, Course]]]


def main() -> None:
    """Simulate everything and write both files."""
    found: Found = []
    for regimes, seeds in ((REGIMES, SEEDS), (YEARS, YEAR_SEEDS)):
        for regime in regimes:
            found.append((regime, seeds, compare(regime, seeds)))
            print(regime.name, flush=True)
    _plot([one for one in found if one[0] in REGIMES], _PLOT)
    head, _, rest = _PAGE.read_text(encoding="utf-8").partition(_BEGIN)
    tail = rest.partition(_END)[2]
    text = f"{head}{_BEGIN}\n\n{_tables(found)}\n{_END}{tail}"
    _PAGE.write_text(text, encoding="utf-8")


def _tables(found: Found) -> str:
    return f"""\
Expected dollars per message, in percent of the oracle's:

{_shares(found)}

Gain in percent, over all dollars; in brackets the mean gain of a page, each page counted alike:

{_gains(found)}

Dollars per page and day behind the oracle, mean of the first and of the last four weeks; and
messages with a caption never sent before, in percent of all:

{_regrets(found)}
"""


def _shares(found: Found) -> str:
    rows = [
        [
            f"{regime.name}: {regime.title}",
            str(len(seeds)),
            *(_percent(ratios(courses, name, ORACLE)) for name in _NAMES),
        ]
        for regime, seeds, courses in found
    ]
    return _table(["conditions", "seeds", *_NAMES], rows)


def _gains(found: Found) -> str:
    rows = [
        [regime.name, *(_gain(courses, above, below) for above, below in PAIRS)]
        for regime, _, courses in found
    ]
    return _table(["conditions", *(f"{above} / {below}" for above, below in PAIRS)], rows)


def _regrets(found: Found) -> str:
    def text(courses: dict[str, Course], name: str) -> str:
        behind = _regret(courses, name)
        first, last = behind[:_MONTH].mean(), behind[-_MONTH:].mean()
        untried = courses[name].untried.sum() / courses[name].messages.sum()
        return f"{first:,.0f} to {last:,.0f}; {100 * untried:.0f}%"

    rows = [
        [regime.name, *(text(courses, name) for name in _NAMES)] for regime, _, courses in found
    ]
    return _table(["conditions", *_NAMES], rows)


def _table(heads: list[str], rows: list[list[str]]) -> str:
    rule = ["---", *["---:"] * (len(heads) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in (heads, rule, *rows))


def _percent(samples: np.ndarray) -> str:
    mean, half = interval(100 * samples)
    return f"{mean:.1f} ± {half:.1f}"


def _gain(courses: dict[str, Course], above: str, below: str) -> str:
    mean, half = interval(100 * (ratios(courses, above, below) - 1))
    pages = 100 * (courses[above].per_page / courses[below].per_page - 1).mean()
    return f"{mean:+.1f} ± {half:.1f} ({pages:+.1f})"


def interval(samples: np.ndarray) -> tuple[float, float]:
    """Mean and half width of its 95% confidence interval (Student's t, over seeds)."""
    error = stats.sem(samples)
    return float(samples.mean()), float(stats.t.ppf(0.975, len(samples) - 1) * error)


def _regret(courses: dict[str, Course], name: str) -> np.ndarray:
    """Dollars per page behind the oracle, by day."""
    return (courses[ORACLE].value - courses[name].value).mean((1, 2))


def _plot(found: Found, path: Path) -> None:
    """A column per regime: value of a message as a share of the oracle's, and summed regret."""
    mpl.rcParams["svg.hashsalt"] = "eros"
    figure, rows = plt.subplots(2, len(found), figsize=(3.3 * len(found), 6), layout="constrained")
    for column, (regime, _, courses) in enumerate(found):
        share, regret = rows[:, column]
        share.set_title(f"{regime.name}\n{regime.title}", fontsize=8)
        days = np.arange(1, regime.days + 1)
        for name in _NAMES:
            style = {"color": _COLOURS[name], "label": name, "linewidth": 1.3}
            mean, half = _weekly(courses, name)
            share.plot(days[_WEEK - 1 :], mean, **style)
            share.fill_between(
                days[_WEEK - 1 :], mean - half, mean + half, color=_COLOURS[name], alpha=0.2, lw=0
            )
            regret.plot(days, _regret(courses, name).cumsum(), **style)
        share.set_ylim(0, 105)
        regret.set_ylim(bottom=0)
        regret.set_xlabel("day")
        for axes in (share, regret):
            axes.tick_params(labelsize=8)
            axes.spines[["top", "right"]].set_visible(False)
    rows[0, 0].set_ylabel("dollars per message,\n% of oracle (7 days, 95% CI)")
    rows[1, 0].set_ylabel("regret so far,\ndollars per page")
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


def _weekly(courses: dict[str, Course], name: str) -> tuple[np.ndarray, np.ndarray]:
    """Percent of the oracle's dollars over the last seven days, and its confidence interval."""
    window = np.ones(_WEEK)

    def per_message(course: Course) -> np.ndarray:
        sums = [
            np.apply_along_axis(np.convolve, 0, array.sum(2), window, "valid")
            for array in (course.value, course.messages)
        ]
        return sums[0] / sums[1]

    shares = 100 * per_message(courses[name]) / per_message(courses[ORACLE])
    half = stats.t.ppf(0.975, shares.shape[1] - 1) * stats.sem(shares, axis=1)
    return shares.mean(1), half


if __name__ == "__main__":
    main()
