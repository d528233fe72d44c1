"""What `eros learning` says, and the arithmetic of the simulation."""

from __future__ import annotations

from io import StringIO
from itertools import pairwise

import numpy as np
import pytest
from rich.console import Console

from dev.bench import learning_choices, loop, ranking
from dev.bench.hidden_rates import Regime
from dev.bench.realities import PLAIN, REALITIES, Reality, seasons
from eros.cli import answers
from eros.cli import learning as learning_command
from eros.project.settings_sections import Selection
from eros.watch import selection_effects
from eros.watch.monitor_query import Answer

pytestmark = pytest.mark.unit

RULES = Selection()
SMALL = Regime("small", "", 80, (300, 3_000), pages=20)
COLUMNS = (
    "page_size",
    "ranked_messages",
    "random_messages",
    "gain_pct",
    "gain_low_pct",
    "gain_high_pct",
)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (("all", 9000, 400, 30.0, 12.0, 51.0), "is reached"),
        (("all", 9000, 400, 4.0, 1.0, 8.0), "is missed"),
        (("all", 9000, 400, 12.0, -3.0, 30.0), "too early"),
        (("all", 971, 29, None, None, None), "29 of 1,000 messages counted were random"),
        (("all", 971, 29, None, None, None), "2% of all are drawn at random"),
        (("all", 12, 40, None, None, None), "a comparison needs 30 that were ranked"),
        (("all", 971, 40, None, None, None), "Nothing has been earned"),
        (("small", 9000, 400, 30.0, 12.0, 51.0), "No message"),
    ],
)
def test_the_verdict_is_as_sure_as_the_interval(row, said):
    assert said in selection_effects.verdict(Answer(COLUMNS, [row]), RULES)


ROW = {
    "page_size": "medium",
    "policy": "index",
    "ranked_messages": 12_345,
    "random_messages": 251,
    "earnings_per_message_usd": 1_234.5,
    "random_earnings_per_message_usd": 1_187.654,
    "gain_pct": 24.99,
    "gain_low_pct": -3.21,
    "gain_high_pct": 161.5,
    "untried_pct": 12.34,
    "exploration_per_message_usd": 5.2,
}


@pytest.mark.parametrize("width", [80, 100])
def test_people_get_a_table_that_fits_their_terminal(width):
    little = ROW | dict.fromkeys([name for name in ROW if name.endswith(("pct", "usd"))])
    records = [ROW, little | {"page_size": "small", "random_messages": 0}]
    rows = [tuple(record.values()) for record in records]
    answer = learning_command.for_people(Answer(tuple(ROW), rows))
    terminal = Console(file=StringIO(), width=width, force_terminal=True, no_color=True)
    answers.show(terminal, answer)
    *_, first, second = terminal.file.getvalue().splitlines()
    assert first.split() == [
        *("medium", "12,345", "251", "1,234.50", "1,187.65", "+25%"),
        *("-3…+162%", "12.3%", "5.20"),
    ]
    assert second.split() == ["small", "12,345", "0"]
    assert len(first) <= width


def test_what_stands_below_the_table_fits_a_terminal():
    answer = Answer(COLUMNS, [("all", 500, 0, None, None, None)])
    verdict = selection_effects.verdict(answer, Selection(random_share=0.0))
    for days in (90, None):
        text = learning_command.below(verdict, days)
        assert max(map(len, text.splitlines())) <= 80
        assert " ".join(text.split()).endswith(verdict)


def test_sizes_of_pages_come_in_their_order_and_the_sum_last(monkeypatch):
    rows = [(size, 1) for size in ("all", "medium", "large", "small")]
    asked = Answer(("page_size", "ranked_messages"), rows)
    monkeypatch.setattr(selection_effects, "ask", lambda google, query: asked)
    found = selection_effects.effects(None)
    assert [row[0] for row in found.rows] == ["small", "medium", "large", "all"]


def test_without_a_random_share_the_verdict_names_the_setting():
    answer = Answer(COLUMNS, [("all", 500, 0, None, None, None)])
    off = Selection(random_share=0.0)
    assert "since eros:selection.randomShare is 0" in selection_effects.verdict(answer, off)
    assert "randomShare" not in selection_effects.verdict(answer, RULES)


@pytest.fixture(scope="module")
def stage():
    return loop.prepare(SMALL, PLAIN, 60, 1, RULES)


def test_nobody_beats_who_knows_the_rates(stage):
    oracle = loop.simulate(stage, None).value.sum()
    for name, policy in ranking.POLICIES.items():
        assert loop.simulate(stage, policy).value.sum() <= oracle * 1.0001, name


def test_a_run_can_be_repeated(stage):
    index = ranking.POLICIES["index"]
    once, twice = (loop.simulate(stage, index, 0.1) for _ in range(2))
    assert (once.value == twice.value).all()


def test_every_day_has_its_messages_and_no_caption_returns_within_the_cooldown():
    picked: list[np.ndarray] = []

    def watching(pages, day, rng):
        picked.append(pages.last_used.copy())
        return rng.random(pages.successes.shape)

    course = loop.simulate(loop.prepare(SMALL, PLAIN, 30, 2, RULES), watching)
    assert (course.messages == 5).all()
    for before, after in pairwise(picked):
        again = np.isfinite(before) & (after > before)
        assert (after[again] - before[again]).min(initial=99) >= RULES.cooldown_days


def test_all_random_is_no_better_than_random(stage):
    index = ranking.POLICIES["index"]
    ranked, chance = (loop.simulate(stage, index, share).value.sum() for share in (0.0, 1.0))
    blind = loop.simulate(stage, ranking.POLICIES["random"]).value.sum()
    assert chance < 0.8 * ranked
    assert chance == pytest.approx(blind, rel=0.1)


@pytest.mark.parametrize("reality", REALITIES, ids=lambda reality: reality.name)
def test_every_result_is_counted_once_in_the_end(reality):
    """What is known at the end is what was sent, but for the messages that are still awaited."""
    regime = Regime("one", "", 60, (300, 3_000), history_days=0, pages=2)
    days = 20
    last: list[ranking.Pages] = []

    def watching(pages, day, rng):
        last[:] = [pages]
        return rng.random(pages.successes.shape)

    course = loop.simulate(loop.prepare(regime, reality, days, 3, RULES), watching)
    [pages] = last
    awaited = reality.lead_days + 1
    assert pages.messages.sum() == course.messages[: days - awaited].sum()
    assert (pages.successes >= 0).all()
    assert (pages.failures >= 0).all()
    assert (pages.successes + pages.failures).sum() == pytest.approx(pages.views.sum())
    assert (pages.earnings[pages.successes == 0] == 0).all()


def test_tiring_fans_recover():
    tired = Reality("tired", "", tiring=1.0, rest_days=5)
    regime = Regime("one", "", 60, (300, 3_000), history_days=0, pages=1)
    plain, worn = (
        loop.simulate(loop.prepare(regime, reality, 40, 4, RULES), None).value.sum()
        for reality in (PLAIN, tired)
    )
    # A caption returns after a week at the earliest: exp(-0.5^(7/5)) of its rate is back.
    assert 0.6 * plain < worn < plain


def test_weekdays_and_holidays_repeat():
    year = seasons(Reality("s", "", seasons=True), -90, 455)
    assert year.attention[:7].tolist() == year.attention[7:14].tolist()
    assert (year.volume < 1).sum() == 13
    assert seasons(PLAIN, 0, 5).buying.tolist() == [1] * 5


def test_pooled_classes_find_what_a_tier_is_worth():
    rng = np.random.default_rng(5)
    shape = (40, 100)
    tier = rng.integers(0, 4, shape)
    ratio, price = np.array([1.35, 1.0, 0.65, 0.4]), np.array([4.5, 9.25, 19.5, 38.75])
    page = rng.lognormal(-4.6, 0.5, (40, 1))
    views = np.full(shape, 2_000.0)
    bought = rng.binomial(2_000, page * ratio[tier]).astype(float)
    pages = ranking.Pages.unknown(tier, 4, RULES)
    pages.successes, pages.failures, pages.earnings = bought, views - bought, bought * price[tier]
    pages.messages, pages.views = np.full(40, 100.0), views.sum(1)
    ranking.pool(pages, RULES)
    mean = ratio.mean()
    assert pages.rate_ratio == pytest.approx(ratio / mean, rel=0.05)
    assert pages.value_ratio == pytest.approx(ratio * price / (ratio * price).mean(), rel=0.07)


def test_the_index_prefers_what_it_knows_less_of_two_equals():
    def one(views: float) -> list[float]:
        return [views, 0.02 * views]

    views, bought = np.array([one(50_000), one(500)]).T
    pages = ranking.Pages.unknown(np.zeros((1, 2), np.int64), 1, RULES)
    pages.successes, pages.failures = bought[None], (views - bought)[None]
    pages.earnings, pages.last_used = (10 * bought)[None], np.full((1, 2), -60.0)
    pages.messages, pages.views = np.array([10.0]), np.array([5_000.0])
    known = ranking.index(pages, 0, RULES)
    assert known.spread[0, 1] > known.spread[0, 0]
    assert known.score[0, 1] / known.rate[0, 1] > known.score[0, 0] / known.rate[0, 0]


def learned(reality: Reality, regime: Regime = SMALL) -> ranking.Pages:
    """What the index knows after 120 days."""
    last: list[ranking.Pages] = []

    def watching(pages, day, rng):
        last[:] = [pages]
        return ranking.index_score(pages, day, rng, RULES)

    loop.simulate(loop.prepare(regime, reality, 120, 6, RULES), watching)
    return last[0]


def test_the_index_finds_how_much_fans_tire():
    rested, tired = (learned(Reality("t", "", tiring=strength)).tiring for strength in (0.0, 0.3))
    assert rested.max() < 0.05
    assert 0.2 < tired.mean() < 0.5


def test_the_index_finds_the_weekdays_that_sell_and_waits_for_them():
    pages = learned(Reality("s", "", seasons=True))
    monday, friday = 0, 4
    assert pages.weekday_ratio == pytest.approx([0.85, 0.85, 0.95, 1, 1.15, 1.2, 1], abs=0.06)
    assert ranking.waiting(pages, monday, RULES) > 0.15
    assert ranking.waiting(pages, friday, RULES) == 0


@pytest.mark.parametrize("choice", learning_choices.CHOICES, ids=lambda choice: choice.setting)
def test_a_choice_is_tried_on_both_sides_of_the_default(choice):
    default = getattr(RULES, choice.setting)
    assert min(choice.values) < default < max(choice.values)
    assert default in choice.values


def test_what_a_choice_earns_is_in_percent_of_the_oracle():
    regime = Regime("one", "", 60, (300, 3_000), history_days=30, pages=2)
    policies = {name: ranking.POLICIES[name] for name in ("random", "index")}
    found = learning_choices.shares(regime, PLAIN, 7, RULES, policies)
    assert (found["random"] < 0.9 * found["index"]).all()
    assert (found["index"] <= 100).all()


def test_even_weekdays_make_few_wait():
    pages = learned(PLAIN)
    assert max(ranking.waiting(pages, day, RULES) for day in range(7)) < 0.1
