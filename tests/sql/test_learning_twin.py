"""dev/bench/bandit.py computes what the SQL computes, and the SQL itself learns.

The simulation of docs/learning.md runs on numpy because 90 days of 20 pages and 30 seeds do not
fit on an emulator. It says something about the SQL only as long as these tests hold.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from scipy import stats

from dev.bench import bandit
from eros.project.settings import Selection

# Equal distributions differ more than this once in ten thousand runs; the seeds are fixed.
P_VALUE = 1e-4

pytestmark = [pytest.mark.sql, pytest.mark.emulator]

# By page: caption, successes, failures and earnings as caption_bandit_stats holds them (no row
# without them), and whether the caption is active.
PAGES = {
    "mixed": [
        ("tried", (12, 880, 96), True),
        ("dear", (2, 400, 70), True),
        ("unsold", (0, 35, 0), True),
        ("gone", (30, 900, 330), False),
        ("new", None, True),
        ("corrupt", (-4, -7, None), True),
    ],
    "unsold": [("seen", (0, 500, 0), True), ("new", None, True)],
    "everything sells": [("all", (9, 0, 45), True), ("new", None, True)],
    "new": [("first", None, True), ("second", None, True)],
}


def counts(page: str) -> tuple[list[str], bandit.Counts]:
    """Captions of a page and the numbers that the twin gets for them."""
    rows = [(name, numbers or (0, 0, 0)) for name, numbers, _ in PAGES[page]]
    numbers = np.array([[value or 0 for value in row] for _, row in rows], dtype=float)
    return [name for name, _ in rows], bandit.Counts(*numbers.T)


def fill(warehouse) -> None:
    """The captions and statistics of PAGES."""
    bank, learned = [], []
    for page, captions in PAGES.items():
        for name, numbers, active in captions:
            bank.append(f"('{name}', '{page}', 'text', {active}, CURRENT_TIMESTAMP())")
            if numbers:
                values = ", ".join("NULL" if n is None else str(n) for n in numbers)
                learned.append(f"('{page}', '{name}', CURRENT_TIMESTAMP(), {values})")
    warehouse.run(f"""
        INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
        VALUES {", ".join(bank)};
        INSERT INTO caption_bandit_stats (
            page_name, caption_id, last_updated, successes, failures, total_emv
        )
        VALUES {", ".join(learned)};
    """)


def select(warehouse, page: str, seed: int) -> dict[str, dict]:
    """Everything that a call gives, by caption; the locks are taken back."""
    rows = warehouse.run(f"""
        CALL select_captions_for_creator(
            '{page}', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), 100, {seed}
        )
    """)
    warehouse.run("DELETE FROM active_caption_assignments WHERE TRUE")
    return {row["caption_id"]: row for row in rows}


@pytest.fixture(scope="module", params=["beta", "wilson"])
def selecting(request, build):
    """A dataset whose selection uses the draw, with PAGES in it."""
    rules = {"draw": request.param, "prior_successes": 1.5, "earnings_prior_purchases": 3}
    warehouse = build(
        f"twin_{request.param}",
        only=["select_captions_for_creator", "beta_draws"],
        selection=rules,
        automation={"small_daily_target": 100},
    )
    fill(warehouse)
    return warehouse


@pytest.mark.parametrize("page", PAGES)
def test_scores_of_the_twin_are_those_of_the_procedure(selecting, page):
    names, known = counts(page)
    twin = bandit.arms(known, selecting.settings.selection)
    lower, upper = bandit.wilson_bounds(known)
    rows = select(selecting, page, 7)
    assert set(rows) == {name for name, _, active in PAGES[page] if active}
    for position, name in enumerate(names):
        if name not in rows:
            continue
        row = rows[name]
        assert row["earnings_per_purchase"] == pytest.approx(twin.earnings_per_purchase[position])
        if selecting.settings.selection.draw == "wilson":
            assert lower[position] <= row["drawn_rate"] <= upper[position]
        else:
            [drawn] = selecting.run(f"""
                SELECT draw FROM beta_draws(
                    [STRUCT(
                        '{name}' AS arm,
                        CAST({float(twin.alpha[position])!r} AS FLOAT64) AS alpha,
                        CAST({float(twin.beta[position])!r} AS FLOAT64) AS beta
                    )],
                    7
                )
            """)
            # The same seed and arm give the same draw only for the same two shapes.
            assert row["drawn_rate"] == pytest.approx(drawn["draw"], rel=1e-9)
    scores = [row["drawn_rate"] * row["earnings_per_purchase"] for row in rows.values()]
    assert scores == sorted(scores, reverse=True)


def test_beta_draws_have_the_distribution_that_the_twin_draws_from(build):
    warehouse = build("twin_draws", only=["beta_draws"])
    known = bandit.arms(counts("mixed")[1], Selection())
    pairs = list(zip(known.alpha.tolist(), known.beta.tolist(), strict=True))
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
