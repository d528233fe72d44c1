"""dev/bench/ranking.py computes what the SQL computes, and the SQL itself learns.

The simulation of docs/learning.md is compiled because a year of 20 pages and 30 seeds does not
fit on an emulator. It says something about the SQL only as long as these tests hold.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from scipy import stats

from dev.bench import ranking
from eros.project.settings_sections import Selection

# Equal distributions differ more than this once in ten thousand runs; the seeds are fixed.
P_VALUE = 1e-4

ZONE = "America/Los_Angeles"
TOMORROW = f"DATE_ADD(CURRENT_DATE('{ZONE}'), INTERVAL 1 DAY)"
# Other numbers than the defaults, so that each is read from its setting.
OTHERS = {
    "random_share": 0.0,
    "horizon_days": 45,
    "message_spread": 0.08,
    "prior_rate": 0.02,
    "prior_value": 0.3,
    "prior_shape": 2.5,
    "shape_captions": 6.0,
    "class_captions": 4.0,
    "price_purchases": 0.8,
    "recovery": 0.3,
    "recovery_weight": 20.0,
    "recovery_days": 20.0,
    "weekday_purchases": 30.0,
    "weekday_patience": 3.0,
    "prior_successes": 1.5,
    "earnings_prior_purchases": 3.0,
    "cooldown_days": 6,
}
RULES = Selection(**OTHERS)
# `index_scores` brings the tables that `fill` writes.
NEEDED = (
    *("select_captions_for_creator", "index_scores", "beta_draws"),
    *("refresh_class_ratios", "refresh_page_figures"),
)

pytestmark = [pytest.mark.sql, pytest.mark.emulator]

# By page: caption, price tier, days since its last message, successes, failures and earnings as
# caption_bandit_stats holds them (no row without them), and whether the caption is active.
PAGES = {
    "mixed": [
        ("tried", "standard", 20, (12, 880, 96), True),
        ("dear", "luxury", 9, (2, 400, 70), True),
        ("unsold", "Standard ", 30, (0, 35, 0), True),
        ("gone", "standard", 8, (30, 900, 330), False),
        ("new", "luxury", None, None, True),
        ("without a tier", None, 12, (5, 300, 25), True),
        ("unknown tier", "gold", None, None, True),
        ("corrupt", None, 15, (-4, -7, None), True),
    ],
    "unsold": [("seen", "budget", 40, (0, 500, 0), True), ("new", "budget", None, None, True)],
    "everything sells": [
        ("all", "budget", 10, (9, 0, 45), True),
        ("new", "premium", None, None, True),
    ],
    "new": [("first", None, None, None, True), ("second", "luxury", None, None, True)],
}
# Loads by page and caption as caption_bandit_stats holds them: what the newest send left, and sums
# over views, over views with the load squared, and over purchases. NULL on all others.
LOADS = {
    ("mixed", "tried"): (2.4, 1_100.0, 1_900.0, 9.5),
    ("mixed", "dear"): (1.7, 240.0, 260.0, 1.1),
    ("mixed", "gone"): (3.2, 1_500.0, 2_800.0, 40.0),
    ("mixed", "unsold"): (1.0, 0.0, 0.0, 0.0),
    ("unsold", "seen"): (1.5, 300.0, 250.0, 0.0),
}
# Messages by page as message_feedback holds them: caption, days ago, views and purchases.
SENT = {
    "mixed": [
        ("tried", 20, 400, 8),
        ("tried", 33, 492, 4),
        ("dear", 9, 402, 2),
        ("gone", 8, 500, 10),
        ("gone", 25, 430, 20),
        (None, 9, 295, 0),
    ],
    "unsold": [("seen", 40, 500, 0)],
    "everything sells": [("all", 10, 5, 5), ("all", 19, 4, 4)],
}
BY_CAPTION = (
    *("successes", "failures", "earnings", "last_used"),
    *("load", "load_views", "load_squares", "load_successes"),
    *("weekday_views", "weekday_successes"),
)
LOAD_FIELDS = ("load", "load_views", "load_squares", "load_successes")
TODAY = datetime.now(ZoneInfo(ZONE)).date()
CLASSES = ("", "budget", "gold", "luxury", "premium", "standard")


def captions(page: str) -> tuple[list[str], ranking.Pages]:
    """Captions of a page, and what the twin knows of them before the ratios are pooled."""
    names, numbers, tiers, last = [], [], [], []
    for name, tier, days, counted, _ in PAGES[page]:
        names.append(name)
        numbers.append([max(value or 0, 0) for value in counted or (0, 0, 0)])
        tiers.append(CLASSES.index((tier or "").strip().lower()))
        last.append(ranking.NEVER if days is None else -days)
    pages = ranking.Pages.unknown(np.array([tiers]), len(CLASSES), RULES)
    pages.successes, pages.failures, pages.earnings = np.array(numbers, dtype=float).T[:, None]
    pages.last_used = np.array([last], dtype=float)
    pages.messages = np.array([len(SENT.get(page, ()))], dtype=float)
    for caption, days, views, purchases in SENT.get(page, ()):
        pages.views += views
        if caption is not None:
            at = (0, names.index(caption), (TODAY - timedelta(days=days)).weekday())
            pages.weekday_views[at] += views
            pages.weekday_successes[at] += purchases
    for position, (name, days) in enumerate(zip(names, last, strict=True)):
        known = LOADS.get((page, name), (float(days > ranking.NEVER), 0, 0, 0))
        for field, value in zip(LOAD_FIELDS, known, strict=True):
            getattr(pages, field)[0, position] = value
    return names, pages


def fill(warehouse) -> None:
    """The captions, statistics and messages of PAGES."""
    bank, learned, sent = [], [], []
    for page, rows in PAGES.items():
        for name, tier, days, numbers, active in rows:
            tier = "NULL" if tier is None else f"'{tier}'"
            bank.append(f"('{name}', '{page}', 'text', {tier}, {active}, CURRENT_TIMESTAMP())")
            if numbers:
                values = ", ".join("NULL" if n is None else str(n) for n in numbers)
                loads = ", ".join(map(str, LOADS.get((page, name), ("NULL",) * 4)))
                learned.append(
                    f"('{page}', '{name}', {noon(days)}, CURRENT_TIMESTAMP(), {values}, {loads})"
                )
    for page, messages in SENT.items():
        for number, (caption, days, views, purchases) in enumerate(messages):
            caption = "NULL" if caption is None else f"'{caption}'"
            sent.append(
                f"('{page} {number}', '{page}', {caption}, {views}, {noon(days)}, {purchases}, 0, "
                "CURRENT_TIMESTAMP(), CURRENT_TIMESTAMP())"
            )
    warehouse.run(f"""
        INSERT INTO caption_bank (
            caption_id, page_name, caption_text, price_tier, is_active, created_at
        )
        VALUES {", ".join(bank)};
        INSERT INTO caption_bandit_stats (
            page_name, caption_id, last_used, last_updated, successes, failures, total_emv,
            recent_sends, load_views, load_squares, load_purchases
        )
        VALUES {", ".join(learned)};
        INSERT INTO message_feedback (
            message_id, page_name, caption_id, views, sent_at, purchases, earnings, updated_at,
            counted_at
        )
        VALUES {", ".join(sent)};
        CALL refresh_class_ratios();
        CALL refresh_class_ratios();
        CALL refresh_page_figures();
    """)


def noon(days_ago: int) -> str:
    """Noon of a business day, whatever the hour of the test."""
    midnight = f"DATETIME(DATE '{TODAY - timedelta(days=days_ago)}')"
    return f"TIMESTAMP(DATETIME_ADD({midnight}, INTERVAL 12 HOUR), '{ZONE}')"


def pooled() -> ranking.Pages:
    """All pages side by side, the shorter filled up with captions that nobody knows."""
    every = [captions(page)[1] for page in PAGES]
    most = max(len(rows) for rows in PAGES.values())

    def side_by_side(field: str) -> np.ndarray:
        fill = ranking.NEVER if field == "last_used" else 0
        rows = [getattr(pages, field)[0] for pages in every]
        wide = [[(0, most - len(r)), *[(0, 0)] * (r.ndim - 1)] for r in rows]
        return np.array(
            [np.pad(r, w, constant_values=fill) for r, w in zip(rows, wide, strict=True)]
        )

    together = ranking.Pages.unknown(side_by_side("tier"), len(CLASSES), RULES)
    for field in BY_CAPTION:
        setattr(together, field, side_by_side(field))
    for field in ("messages", "views"):
        setattr(together, field, np.concatenate([getattr(pages, field) for pages in every]))
    # As `fill` calls the procedure: the second step starts from the first.
    ranking.pool(together, RULES)
    ranking.pool(together, RULES)
    return together


def select(warehouse, page: str, seed: int) -> dict[str, dict]:
    """Everything that a call gives, by caption; the locks are taken back."""
    rows = warehouse.run(f"""
        CALL select_captions_for_creator('{page}', {TOMORROW}, 100, {seed})
    """)
    warehouse.run("DELETE FROM active_caption_assignments WHERE TRUE")
    return {row["caption_id"]: row for row in rows}


@pytest.fixture(scope="module", params=["index", "beta", "wilson"])
def selecting(request, build):
    """A dataset whose selection uses the policy, with PAGES in it."""
    warehouse = build(
        f"twin_{request.param}",
        only=NEEDED,
        selection={**OTHERS, "policy": request.param},
        automation={"small_daily_target": 100},
    )
    fill(warehouse)
    return warehouse


def test_pooled_ratios_of_the_twin_are_those_of_the_procedure(selecting):
    rows = selecting.run("SELECT class, rate_ratio, value_ratio, tiring FROM class_ratios")
    twin = pooled()
    assert {row["class"] for row in rows} == {"", "budget", "luxury", "standard"}
    for row in rows:
        at = CLASSES.index(row["class"])
        assert row["rate_ratio"] == pytest.approx(twin.rate_ratio[at], rel=1e-9)
        assert row["value_ratio"] == pytest.approx(twin.value_ratio[at], rel=1e-9)
        assert row["tiring"] == pytest.approx(twin.tiring[at], rel=1e-9)
    assert len({row["tiring"] for row in rows}) > 1
    week = selecting.run("SELECT weekday, rate_ratio FROM weekday_ratios ORDER BY weekday")
    # The SQL's week begins on Sunday.
    expected = np.roll(twin.weekday_ratio, 1)
    assert [row["rate_ratio"] for row in week] == pytest.approx(expected.tolist(), rel=1e-9)
    assert len(set(expected)) > 2


@pytest.mark.parametrize("page", PAGES)
def test_scores_of_the_twin_are_those_of_the_procedure(selecting, page):
    names, known = captions(page)
    rows = select(selecting, page, 7)
    assert set(rows) == {name for name, *_, active in PAGES[page] if active}
    scores = [row["drawn_earnings_per_view"] for row in rows.values()]
    assert scores == sorted(scores, reverse=True)
    if selecting.settings.selection.policy == "index":
        together = pooled()
        for field in ("rate_ratio", "value_ratio", "tiring"):
            setattr(known, field, getattr(together, field))
        twin = ranking.index(known, 1, RULES)
        for position, name in enumerate(names):
            if name in rows:
                for column, expected in (
                    ("drawn_earnings_per_view", twin.score),
                    ("earnings_per_purchase", twin.earnings_per_purchase),
                ):
                    assert rows[name][column] == pytest.approx(expected[0, position], rel=1e-9)
        every = selecting.run(
            f"SELECT caption_id, rate, spread FROM index_scores('{page}', {TOMORROW})"
        )
        assert {row["caption_id"] for row in every} == set(names)
        for row in every:
            at = names.index(row["caption_id"])
            assert row["rate"] == pytest.approx(twin.rate[0, at], rel=1e-9)
            assert row["spread"] == pytest.approx(twin.spread[0, at], rel=1e-9)
        return
    twin = ranking.arms(known, RULES)
    lower, upper = ranking.wilson_bounds(known)
    for position, name in enumerate(names):
        if name not in rows:
            continue
        row = rows[name]
        assert row["earnings_per_purchase"] == pytest.approx(
            twin.earnings_per_purchase[0, position]
        )
        if selecting.settings.selection.policy == "wilson":
            assert lower[0, position] <= row["drawn_rate"] <= upper[0, position]
        else:
            [drawn] = selecting.run(f"""
                SELECT draw FROM beta_draws(
                    [STRUCT(
                        '{name}' AS arm,
                        CAST({float(twin.alpha[0, position])!r} AS FLOAT64) AS alpha,
                        CAST({float(twin.beta[0, position])!r} AS FLOAT64) AS beta
                    )],
                    7
                )
            """)
            # The same seed and arm give the same draw only for the same two shapes.
            assert row["drawn_rate"] == pytest.approx(drawn["draw"], rel=1e-9)


def test_beta_draws_have_the_distribution_that_the_twin_draws_from(build):
    warehouse = build("twin_draws", only=["beta_draws"])
    known = ranking.arms(captions("mixed")[1], Selection())
    pairs = list(zip(known.alpha[0].tolist(), known.beta[0].tolist(), strict=True))
    each = 4_000
    listed = ", ".join(
        f"STRUCT({number} AS pair, {alpha!r} AS a, {beta!r} AS b)"
        for number, (alpha, beta) in enumerate(pairs)
    )
    rows = warehouse.run(f"""
        SELECT DIV(CAST(arm AS INT64), {each}) AS pair, draw
        FROM beta_draws(
            ARRAY(
                SELECT AS STRUCT
                    CAST(pair * {each} + number AS STRING) AS arm,
                    CAST(a AS FLOAT64) AS alpha,
                    CAST(b AS FLOAT64) AS beta
                FROM UNNEST([{listed}])
                CROSS JOIN UNNEST(GENERATE_ARRAY(0, {each - 1})) AS number
            ),
            11
        )
    """)
    rng = np.random.default_rng(11)
    for number, (alpha, beta) in enumerate(pairs):
        drawn = [row["draw"] for row in rows if row["pair"] == number]
        assert len(drawn) == each
        twins = rng.beta(alpha, beta, each)
        assert stats.ks_2samp(drawn, twins).pvalue > P_VALUE
        assert stats.kstest(drawn, stats.beta(alpha, beta).cdf).pvalue > P_VALUE


def test_the_procedures_learn_in_a_closed_loop(build):
    """Six days of two pages: pick, send, count; the better captions win."""
    pages, captions, days, slots, views = 2, 12, 6, 4, 4_000
    procedures = ["select_captions_for_creator", "update_caption_performance"]
    warehouse = build("twin_loop", only=procedures, selection={"cooldown_days": 0})
    rng = np.random.default_rng(5)
    # A quarter of the captions sells five times as well as the others.
    rates = np.where(np.arange(captions) % 4 == 0, 0.05, 0.01)
    price = 10
    warehouse.run(f"""
        INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
        SELECT
            FORMAT('p%d-c%02d', page, caption), FORMAT('p%d', page),
            FORMAT('text %d %d', page, caption), TRUE, CURRENT_TIMESTAMP()
        FROM UNNEST(GENERATE_ARRAY(0, {pages - 1})) AS page
        CROSS JOIN UNNEST(GENERATE_ARRAY(0, {captions - 1})) AS caption
    """)
    mean_rate = np.zeros(days)
    for day in range(days):
        sent_at = datetime.now(UTC) - timedelta(hours=days - day)
        sent = []
        for page in range(pages):
            picked = warehouse.run(f"""
                CALL select_captions_for_creator(
                    'p{page}', CURRENT_DATE('America/Los_Angeles'), {slots}, {100 * day + page}
                )
            """)
            assert len({row["caption_id"] for row in picked}) == slots
            for row in picked:
                rate = rates[int(row["caption_id"][-2:])]
                mean_rate[day] += rate / (pages * slots)
                bought = int(rng.binomial(views, rate))
                sent.append(
                    {
                        "message_id": f"m{day}-{row['caption_id']}",
                        "page_name": f"p{page}",
                        "caption_id": row["caption_id"],
                        "message_text": row["caption_text"],
                        "sent_at": sent_at,
                        "viewed_count": views,
                        "purchased_count": bought,
                        "earnings": bought * price,
                        "updated_at": sent_at,
                    }
                )
        send(warehouse, sent)
        # The day is over: its locks end, and nothing cools down in this test.
        warehouse.run("DELETE FROM active_caption_assignments WHERE TRUE")
        warehouse.run("CALL update_caption_performance()")
    totals = warehouse.rows("""
        SELECT SUM(total_views) AS views, SUM(successes + failures) AS counted, COUNT(*) AS known
        FROM caption_bandit_stats
    """)
    assert totals[0]["views"] == totals[0]["counted"] == pages * slots * days * views
    assert totals[0]["known"] <= pages * captions
    random_choice = rates.mean()
    assert mean_rate[-2:].mean() > 1.5 * random_choice, f"no learning: {mean_rate}"


def send(warehouse, messages: list[dict]) -> None:
    """Append these rows to mass_messages."""
    values = ", ".join(
        f"('{m['message_id']}', '{m['page_name']}', '{m['caption_id']}', '{m['message_text']}', "
        f"TIMESTAMP '{m['sent_at'].isoformat()}', 100000, {m['viewed_count']}, "
        f"{m['purchased_count']}, {m['earnings']}, TIMESTAMP '{m['updated_at'].isoformat()}')"
        for m in messages
    )
    warehouse.run(f"""
        INSERT INTO mass_messages (
            message_id, page_name, caption_id, message_text, sent_at, sent_count, viewed_count,
            purchased_count, earnings, updated_at
        )
        VALUES {values}
    """)
