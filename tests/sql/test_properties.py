"""Properties that hold for any data, on the emulator; each example is one batch of rows."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

WHITE = "\t\n\f\r "
INT64 = st.integers(-(2**63), 2**63 - 1)
FEW = settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    # Shrinking an example takes minutes here and the batch is small enough to read.
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

pytestmark = [pytest.mark.sql, pytest.mark.emulator]


@pytest.fixture(scope="module")
def small(build):
    """Only what the properties are about: clearing few tables is quick."""
    return build(
        "properties",
        only=[
            "wilson_score_bounds",
            "caption_key_v2",
            "sweep_expired_caption_locks",
            "update_caption_performance",
        ],
    )


def literal(text: str) -> str:
    """The text as an SQL literal, everything but letters and digits escaped."""
    safe = (c if c.isalnum() and c.isascii() else f"\\U{ord(c):08x}" for c in text)
    return f'"{"".join(safe)}"'


@FEW
@given(st.lists(st.tuples(INT64, INT64), min_size=200, max_size=300))
def test_wilson_bounds_are_ordered_and_inside_0_and_1(small, counts):
    rows = ", ".join(
        f"STRUCT(CAST('{s}' AS INT64) AS s, CAST('{f}' AS INT64) AS f)" for s, f in counts
    )
    assert (
        small.run(f"""
        SELECT s, f
        FROM (SELECT s, f, wilson_score_bounds(s, f) AS bounds FROM UNNEST([{rows}]))
        WHERE NOT COALESCE(
            bounds.lower_bound >= 0
            AND bounds.upper_bound <= 1
            AND bounds.lower_bound <= bounds.upper_bound,
            FALSE
        )
    """)
        == []
    )


@FEW
@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40),
        min_size=50,
        max_size=80,
    ),
    st.text(WHITE, max_size=3),
)
def test_caption_key_ignores_case_and_white_space_of_ascii(small, texts, around):
    texts = [t for t in texts if t.lower() == "".join(c.lower() for c in t)]
    spaced = [around + re.sub(f"[{WHITE}]", "  ", text) + around for text in texts]
    rows = ", ".join(
        f"STRUCT({place} AS place, {literal(text)} AS plain, {literal(other)} AS spaced)"
        for place, (text, other) in enumerate(zip(texts, spaced, strict=True))
    )
    found = small.run(f"""
        SELECT caption_key_v2(plain) AS plain, caption_key_v2(spaced) AS spaced
        FROM UNNEST([{rows}])
        ORDER BY place
    """)
    for text, row in zip(texts, found, strict=True):
        assert row["plain"] == row["spaced"], repr(text)
        if text.isascii():
            normal = re.sub(f"[{WHITE}]+", " ", text.lower()).strip(" ")
            assert row["plain"] == hashlib.sha256(normal.encode()).hexdigest(), repr(text)


@FEW
@given(
    st.lists(
        st.tuples(st.integers(-12, 12), st.integers(0, 12 * 24), st.booleans()),
        min_size=20,
        max_size=60,
    )
)
def test_sweep_deactivates_exactly_what_its_rules_name(small, locks):
    small.clear()
    [today] = small.run("SELECT CURRENT_DATE('America/Los_Angeles') AS day")
    rows = ",\n".join(
        f"('{n}', 'p', '{n}', DATE_ADD(DATE '{today['day']}', INTERVAL {days} DAY),"
        f" TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL {hours * 60 + 30} MINUTE), {active})"
        for n, (days, hours, active) in enumerate(locks)
    )
    small.run(f"""
        INSERT INTO active_caption_assignments (
            assignment_id, page_name, caption_id, scheduled_send_date, assigned_at, is_active
        )
        VALUES {rows};
        CALL sweep_expired_caption_locks();
    """)
    kept = {
        row["assignment_id"]
        for row in small.run("SELECT assignment_id FROM active_caption_assignments WHERE is_active")
    }
    assert kept == {
        str(n)
        for n, (days, hours, active) in enumerate(locks)
        if active and days >= 0 and hours < 7 * 24
    }


messages = st.lists(
    st.tuples(
        st.integers(0, 6),  # message
        st.integers(0, 2),  # caption
        st.integers(-2, 50),  # views
        st.integers(-2, 60),  # purchases
        st.integers(0, 9),  # hours since the delivery
    ),
    min_size=1,
    max_size=14,
    unique_by=lambda m: (m[0], m[4]),
)


@FEW
@given(messages, st.data())
def test_feedback_in_two_halves_equals_feedback_at_once(small, deliveries, data):
    # A message keeps its caption; what is delivered again is its result.
    caption_of = {m: c for m, c, *_ in deliveries}
    split = data.draw(st.integers(0, len(deliveries)))

    def after(*parts) -> list[dict]:
        small.clear()
        small.run("""
            INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
            SELECT CAST(x AS STRING), 'p', CAST(x AS STRING), TRUE, CURRENT_TIMESTAMP()
            FROM UNNEST([0, 1, 2]) AS x
        """)
        for part in parts:
            if part:
                small.run(insert(part))
            small.run("CALL update_caption_performance()")
        return small.run("""
            SELECT caption_id, successes, failures, total_views, total_emv, last_observed_at
            FROM caption_bandit_stats
            ORDER BY caption_id
        """)

    start = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=12)

    def insert(part) -> str:
        rows = ", ".join(
            f"('{m}', 'p', '{caption_of[m]}', TIMESTAMP '{start.isoformat()}', {v}, {p}, {p},"
            f" TIMESTAMP '{(start + timedelta(hours=10 - h)).isoformat()}')"
            for m, _, v, p, h in part
        )
        return f"""
            INSERT INTO mass_messages (
                message_id, page_name, message_text, sent_at,
                viewed_count, purchased_count, earnings, updated_at
            )
            VALUES {rows}
        """

    at_once = after(deliveries)
    halves = after(deliveries[:split], deliveries[split:])
    twice = after(deliveries, [])
    for rows in (at_once, halves, twice):
        for row in rows:
            # A later delivery with the same figures does not touch the statistics.
            del row["last_observed_at"]
    assert halves == at_once
    assert twice == at_once


@pytest.fixture(scope="module")
def selecting(build):
    """What selection by its default policy needs."""
    return build(
        "properties_selecting",
        only=["select_captions_for_creator", "index_scores"],
        automation={"small_daily_target": 12},
    )


CAPTIONS = st.lists(
    st.fixed_dictionaries(
        {
            "active": st.booleans(),
            "days": st.none() | st.integers(0, 40),
            "successes": st.none() | INT64 | st.integers(0, 50),
            "failures": st.integers(0, 5_000),
            "tier": st.sampled_from(["'budget'", "'luxury'", "NULL"]),
            "load": st.none() | st.floats(0, 6),
        }
    ),
    min_size=20,
    max_size=40,
)


@FEW
@given(CAPTIONS, st.integers(0, 2**31), st.lists(st.floats(0.2, 2), min_size=7, max_size=7))
def test_selection_by_the_index_keeps_its_promises(selecting, captions, seed, week):
    assert selecting.settings.selection.policy == "index"
    digest = hashlib.sha256(repr((captions, seed, week)).encode()).hexdigest()
    page = f"p{digest[:12]}"
    zone = selecting.settings.time_zone
    cooldown = selecting.settings.selection.cooldown_days
    day = f"DATE_ADD(CURRENT_DATE('{zone}'), INTERVAL 1 DAY)"
    bank, learned = [], []
    for number, caption in enumerate(captions):
        name = f"c{number:02d}"
        bank.append(
            f"('{name}', '{page}', 'text {number}', {caption['tier']}, {caption['active']}, "
            "CURRENT_TIMESTAMP())"
        )
        if caption["days"] is not None and caption["successes"] is not None:
            used = f"TIMESTAMP(DATE_SUB({day}, INTERVAL {caption['days']} DAY), '{zone}')"
            views = 0 if caption["load"] is None else caption["load"] * caption["failures"]
            squares = views * (caption["load"] or 0)
            learned.append(
                f"('{page}', '{name}', {used}, CURRENT_TIMESTAMP(), {caption['successes']}, "
                f"{caption['failures']}, 100, {caption['load'] or 'NULL'}, {views}, {squares})"
            )
    counted = f"""
        INSERT INTO caption_bandit_stats (
            page_name, caption_id, last_used, last_updated, successes, failures, total_emv,
            recent_sends, load_views, load_squares
        )
        VALUES {", ".join(learned)};
    """
    selecting.run(f"""
        INSERT INTO caption_bank (
            caption_id, page_name, caption_text, price_tier, is_active, created_at
        )
        VALUES {", ".join(bank)};
        {counted if learned else ""}
        DELETE FROM weekday_ratios WHERE TRUE;
        INSERT INTO weekday_ratios (weekday, messages, rate_ratio, refreshed_at)
        SELECT number + 1, 1, ratio, CURRENT_TIMESTAMP()
        FROM UNNEST({week}) AS ratio WITH OFFSET AS number;
    """)
    ranked = {
        row["caption_id"]: row
        for row in selecting.run(f"SELECT * FROM index_scores('{page}', {day})")
    }
    assert len(ranked) == len(captions)
    free = {
        f"c{number:02d}"
        for number, caption in enumerate(captions)
        if caption["active"]
        and (caption["days"] is None or caption["successes"] is None or caption["days"] >= cooldown)
    }
    picked: list[str] = []
    for call in range(2):
        rows = selecting.run(f"""
            CALL select_captions_for_creator('{page}', {day}, 8, {seed + call})
        """)
        left = free - set(picked)
        names = [row["caption_id"] for row in rows]
        assert len(names) == min(8, 12 - len(picked), len(left))
        assert set(names) <= left
        assert len(set(names)) == len(names)
        by_rank = [ranked[row["caption_id"]] for row in rows if not row["is_random"]]
        order = [(row["waits"], -row["score"]) for row in by_rank]
        behind = [(ranked[name]["waits"], -ranked[name]["score"]) for name in left - set(names)]
        # Nothing that was left is ahead of what was ranked.
        if order and behind:
            assert max(order)[0] <= min(behind)[0]
            assert max(order)[1] <= min(behind)[1] + 1e-12 or max(order)[0] < min(behind)[0]
        picked += names
    held = selecting.run(f"""
        SELECT caption_id FROM active_caption_assignments WHERE page_name = '{page}'
    """)
    assert sorted(row["caption_id"] for row in held) == sorted(picked)
