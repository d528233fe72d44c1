"""The sample generator: repeatable, plausible, and true to its hidden rates."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from eros.project.project import Project
from eros.project.settings import PROJECT_ROOT
from eros.sample import Sample, Size, caption_key, generate
from eros.sample.creators import TIME_ZONES
from eros.sample.localtime import to_utc
from eros.sample.sample_shape import SCHEMAS

TODAY = date(2026, 3, 20)  # the history runs over the change of the clock on 8 March
MIDNIGHT = datetime(2026, 3, 20, tzinfo=ZoneInfo("America/Los_Angeles")).astimezone(UTC)


@pytest.fixture(scope="module")
def sample() -> Sample:
    return generate(Size.SMALL, seed=7, today=TODAY)


@pytest.fixture(scope="module")
def medium() -> Sample:
    return generate(Size.MEDIUM, seed=7, today=TODAY)


def column(table: pa.Table, name: str) -> np.ndarray:
    return table[name].to_numpy(zero_copy_only=False)


def final_messages(sample: Sample) -> pa.Table:
    """The newest row of every message."""
    messages = sample.tables["mass_messages"].sort_by(
        [("message_id", "ascending"), ("updated_at", "ascending")]
    )
    ids = column(messages, "message_id")
    return messages.filter(pa.array(np.append(ids[1:] != ids[:-1], True)))


def test_the_same_seed_and_day_give_the_same_rows(sample):
    again = generate(Size.SMALL, seed=7, today=TODAY)
    for name, table in sample.tables.items():
        assert again.tables[name].equals(table), name
    assert again.truth == sample.truth


def test_another_seed_gives_other_rows(sample):
    other = generate(Size.SMALL, seed=8, today=TODAY)
    assert other.identity.prefix != sample.identity.prefix
    texts = set(other.tables["caption_bank"]["caption_text"].to_pylist())
    assert not texts & set(sample.tables["caption_bank"]["caption_text"].to_pylist())


def test_another_day_tells_about_the_same_pages_and_captions(sample):
    later = generate(Size.SMALL, seed=7, today=TODAY + timedelta(days=1))
    assert later.truth.creators == sample.truth.creators
    for name in ("caption_text", "price_tier", "is_active"):
        assert later.tables["caption_bank"][name] == sample.tables["caption_bank"][name]
    assert later.identity.digest == sample.identity.digest
    assert later.identity.prefix != sample.identity.prefix


def test_tables_have_the_columns_of_the_external_tables(sample, settings):
    objects = Project(settings, PROJECT_ROOT).sql.objects
    kinds = {
        "STRING": pa.string(),
        "BOOLEAN": pa.bool_(),
        "BOOL": pa.bool_(),
        "INTEGER": pa.int64(),
        "INT64": pa.int64(),
        "NUMERIC": pa.decimal128(18, 2),
        "DATE": pa.date32(),
        "TIMESTAMP": pa.timestamp("us", tz="UTC"),
    }
    assert set(sample.tables) == set(SCHEMAS)
    for name, table in sample.tables.items():
        declared = pa.schema(
            [
                pa.field(f["name"], kinds[f["type"]], nullable=f.get("mode") != "REQUIRED")
                for f in objects[name].schema
            ]
        )
        assert table.schema == declared, name


@pytest.mark.parametrize(
    ("size", "creators", "captions", "messages"),
    [(Size.SMALL, 12, 1_440, (10_000, 20_000)), (Size.MEDIUM, 100, 100_000, (250_000, 350_000))],
)
def test_sizes_hold_what_they_promise(size, creators, captions, messages, request):
    drawn = request.getfixturevalue({Size.SMALL: "sample", Size.MEDIUM: "medium"}[size])
    bank = drawn.tables["caption_bank"]
    assert len(bank["page_name"].unique()) == creators
    assert bank.num_rows == captions
    low, high = messages
    assert low < drawn.tables["mass_messages"].num_rows < high


def test_a_scale_of_ones_own_sets_captions_per_creator():
    scale = replace(Size.SMALL.scale, name="bench", creators=3, captions_per_creator=5_000, days=5)
    drawn = generate(scale, seed=1, today=TODAY)
    counts = drawn.tables["caption_bank"].group_by("page_name").aggregate([([], "count_all")])
    assert counts["count_all"].to_pylist() == [5_000] * 3


@pytest.mark.parametrize("change", [{"creators": 0}, {"days": -1}, {"messages_per_day": 0}])
def test_a_scale_without_content_is_refused(change):
    with pytest.raises(ValueError, match=next(iter(change))):
        replace(Size.SMALL.scale, **change)


def test_more_creators_than_names_are_refused():
    scale = replace(Size.SMALL.scale, creators=100_000, captions_per_creator=1)
    with pytest.raises(ValueError, match="names"):
        generate(scale, seed=1, today=TODAY)


def test_every_identifier_carries_the_prefix_of_the_sample(sample):
    for table in sample.tables.values():
        ids = table.column(0)
        assert pc.all(pc.starts_with(ids, sample.identity.prefix)).as_py()


def test_captions_differ_in_text_and_key(medium):
    bank = medium.tables["caption_bank"]
    assert len(bank["caption_text"].unique()) == bank.num_rows
    assert len(bank["caption_key"].unique()) == bank.num_rows
    first = bank.slice(0, 500)
    keys = [caption_key(text) for text in first["caption_text"].to_pylist()]
    assert keys == first["caption_key"].to_pylist()


@pytest.mark.parametrize(
    "awkward", ["'", '"', "--", "/*", "#", ";", "\n", "\\", "%", "ç", "م", "😘"]
)
def test_captions_hold_what_breaks_careless_sql(medium, awkward):
    texts = medium.tables["caption_bank"]["caption_text"]
    assert pc.any(pc.match_substring(texts, awkward)).as_py()


def test_audiences_reach_from_hundreds_to_hundreds_of_thousands(sample):
    audience = column(sample.truth.creators, "audience")
    assert audience.min() < 1_000
    assert audience.max() > 50_000
    assert len(sample.truth.creators["time_zone"].unique()) == 12


def test_results_never_exceed_what_they_are_part_of(medium):
    messages = medium.tables["mass_messages"]
    sent, viewed, bought = (
        column(messages, f"{name}_count") for name in ("sent", "viewed", "purchased")
    )
    assert (sent >= 1).all()
    assert ((viewed >= 0) & (viewed <= sent)).all()
    assert ((bought >= 0) & (bought <= viewed)).all()
    price = column(pa.table({"p": messages["price"].cast(pa.float64())}), "p")
    earnings = column(pa.table({"e": messages["earnings"].cast(pa.float64())}), "e")
    assert np.allclose(earnings, price * bought)
    assert price.min() > 0


def test_purchases_follow_the_hidden_rates(medium):
    """Per caption the purchases are Binomial(views, rate): z-scores are standard normal."""
    messages = final_messages(medium)
    known = messages.filter(pc.is_valid(messages["caption_id"]))
    sums = known.group_by("caption_id").aggregate(
        [("viewed_count", "sum"), ("purchased_count", "sum")]
    )
    joined = sums.join(medium.truth.captions, keys="caption_id", join_type="inner")
    assert joined.num_rows == sums.num_rows
    views, bought, rate = (
        column(joined, name)
        for name in ("viewed_count_sum", "purchased_count_sum", "conversion_rate")
    )
    spread = np.sqrt(views * rate * (1 - rate))
    enough = spread**2 > 25
    z = (bought - views * rate)[enough] / spread[enough]
    assert enough.sum() > 10_000
    assert abs(z.mean()) < 0.05
    assert 0.95 < z.std() < 1.05


def test_hidden_rates_differ_between_captions_and_pages(medium):
    rates = column(medium.truth.captions, "conversion_rate")
    assert ((rates >= 0) & (rates < 0.5)).all()
    by_page = rates.reshape(100, 1_000)
    assert by_page.std(axis=1).min() > 0.002, "nothing to learn within a page"
    assert by_page.mean(axis=1).std() > 0.001, "all pages convert alike"


def test_messages_end_before_today_begins_and_begin_in_time(sample):
    sent = sample.tables["mass_messages"]["sent_at"]
    assert pc.max(sent).as_py() < MIDNIGHT
    assert pc.max(sent).as_py() > MIDNIGHT - timedelta(hours=6)
    assert pc.min(sent).as_py() >= MIDNIGHT - timedelta(days=90)
    updated = sample.tables["mass_messages"]["updated_at"]
    assert pc.all(pc.greater_equal(updated, sent)).as_py()
    assert pc.max(updated).as_py() <= MIDNIGHT


def test_pages_post_in_their_own_waking_hours(medium):
    """Local nights are quiet in every zone; in UTC they would not be."""
    creators = medium.truth.creators
    messages = medium.tables["mass_messages"]
    for zone in TIME_ZONES:
        pages = creators.filter(pc.equal(creators["time_zone"], zone))["page_name"]
        own = messages.filter(pc.is_in(messages["page_name"], pages.combine_chunks()))
        local = pc.local_timestamp(own["sent_at"].cast(pa.timestamp("us", tz=zone)))
        hours = pc.hour(local).to_numpy()
        assert ((hours >= 2) & (hours < 7)).mean() < 0.10, zone
        weekday = pc.day_of_week(local).to_numpy()
        assert (weekday == 5).sum() > 1.2 * (weekday == 0).sum(), zone


def test_some_pages_have_stopped_posting(sample):
    creators = sample.truth.creators
    dormant = creators.filter(creators["dormant"])["page_name"].to_pylist()
    assert len(dormant) == 1
    messages = sample.tables["mass_messages"]
    recent = messages.filter(
        pc.greater_equal(messages["sent_at"], pa.scalar(MIDNIGHT - timedelta(days=30)))
    )
    assert len(recent["page_name"].unique()) == 11
    assert dormant[0] not in recent["page_name"].unique().to_pylist()


def test_captions_are_sent_by_their_own_page_and_not_before_they_exist(sample):
    messages = sample.tables["mass_messages"].select(["page_name", "caption_id", "sent_at"])
    bank = sample.tables["caption_bank"].select(["caption_id", "page_name", "created_at"])
    joined = messages.join(bank, keys="caption_id", join_type="inner", right_suffix="_bank")
    assert joined.num_rows > 10_000
    assert pc.all(pc.equal(joined["page_name"], joined["page_name_bank"])).as_py()
    assert pc.all(pc.greater_equal(joined["sent_at"], joined["created_at"])).as_py()


def test_some_captions_were_never_sent_and_some_messages_match_no_caption(sample):
    bank = set(sample.tables["caption_bank"]["caption_key"].to_pylist())
    messages = sample.tables["mass_messages"]
    keys = [caption_key(text) for text in messages["message_text"].to_pylist()]
    unmatched = [key for key in keys if key not in bank]
    assert 0.001 < len(unmatched) / len(keys) < 0.02
    assert 0.05 < len(bank - set(keys)) / len(bank) < 0.3


def test_retyped_messages_have_no_identifier_but_the_same_key(sample):
    bank = sample.tables["caption_bank"]
    by_key = set(bank["caption_key"].to_pylist())
    texts = set(bank["caption_text"].to_pylist())
    messages = sample.tables["mass_messages"]
    anonymous = messages.filter(pc.is_null(messages["caption_id"]))["message_text"].to_pylist()
    retyped = [t for t in anonymous if t not in texts and caption_key(t) in by_key]
    assert 0.1 < len(retyped) / messages.num_rows < 0.2


def test_a_message_delivered_twice_has_grown_in_between(sample):
    messages = sample.tables["mass_messages"]
    final = final_messages(sample)
    twice = messages.num_rows - final.num_rows
    assert 50 < twice < 400
    rows: dict[str, list[dict]] = {}
    for row in messages.slice(final.num_rows).to_pylist():
        rows[row["message_id"]] = [row]
    for row in messages.slice(0, final.num_rows).to_pylist():
        if row["message_id"] in rows:
            rows[row["message_id"]].append(row)
    for late, early in rows.values():
        assert late["updated_at"] > early["updated_at"] > early["sent_at"]
        assert late["viewed_count"] >= early["viewed_count"]
        assert late["purchased_count"] >= early["purchased_count"]
        assert late["message_text"] == early["message_text"]


class TestAssignments:
    """The lock table as an operator finds it before the first sweep."""

    @pytest.fixture
    def locks(self, sample) -> list[dict]:
        return sample.tables["active_caption_assignments"].to_pylist()

    @staticmethod
    def is_stale(lock: dict, now: datetime) -> bool:
        return lock["assigned_at"] < now - timedelta(days=7)

    def test_more_than_ten_active_locks_are_past_their_send_date(self, locks):
        expired = [k for k in locks if k["is_active"] and k["scheduled_send_date"] < TODAY]
        long_ago = TODAY - timedelta(days=1)
        assert len(expired) > 10
        assert sum(k["scheduled_send_date"] < long_ago for k in expired) > 10

    def test_some_coming_locks_are_stale_at_any_hour_of_today(self, locks):
        coming = [k for k in locks if k["is_active"] and k["scheduled_send_date"] >= TODAY]
        morning = [k for k in coming if self.is_stale(k, MIDNIGHT)]
        evening = [k for k in coming if self.is_stale(k, MIDNIGHT + timedelta(hours=24))]
        assert len(morning) >= 12
        assert morning == evening

    def test_the_sweep_leaves_the_planned_locks(self, locks):
        now = MIDNIGHT + timedelta(hours=23)
        kept = [
            k
            for k in locks
            if k["is_active"] and k["scheduled_send_date"] >= TODAY and not self.is_stale(k, now)
        ]
        assert 100 < len(kept) < 500
        assert all(k["deactivated_at"] is None for k in kept)

    def test_pages_are_planned_to_different_degrees(self, sample):
        planned = column(sample.truth.creators, "planned")
        assert (planned > 0.85).sum() >= 2
        assert (planned < 0.4).sum() >= 5

    def test_closed_locks_say_when_and_why(self, locks):
        closed = [k for k in locks if not k["is_active"]]
        assert len(closed) > 100
        for lock in closed:
            assert lock["assigned_at"] < lock["deactivated_at"] <= MIDNIGHT
            assert lock["deactivation_reason"]

    def test_a_caption_is_locked_once_and_only_on_its_own_page(self, sample, locks):
        captions = [lock["caption_id"] for lock in locks]
        assert len(set(captions)) == len(captions)
        bank = {row["caption_id"]: row for row in sample.tables["caption_bank"].to_pylist()}
        for lock in locks:
            caption = bank[lock["caption_id"]]
            assert caption["page_name"] == lock["page_name"]
            assert caption["is_active"]
            assert caption["created_at"] < lock["assigned_at"]

    def test_something_was_assigned_in_the_last_day_at_any_hour_of_today(self, locks):
        newest = [k for k in locks if k["assigned_at"] >= MIDNIGHT]
        assert newest
        assert all(k["assigned_at"] == MIDNIGHT for k in newest)


def test_recommendations_name_bank_and_legacy_captions(sample):
    plan = sample.tables["schedule_recommendations"]
    bank = set(sample.tables["caption_bank"]["caption_id"].to_pylist())
    legacy = set(sample.tables["captions"]["caption_id"].to_pylist())
    named = plan["caption_id"].to_pylist()
    assert any(caption in bank for caption in named)
    assert any(caption in legacy for caption in named)
    assert all(caption in bank or caption in legacy for caption in named)
    days = plan["schedule_date"].to_pylist()
    assert min(days) >= TODAY
    assert max(days) < TODAY + timedelta(days=7)


@pytest.mark.parametrize(
    ("zone", "local", "utc"),
    [
        ("America/Los_Angeles", "2026-03-08T01:59:59", "2026-03-08T09:59:59"),
        ("America/Los_Angeles", "2026-03-08T03:00:00", "2026-03-08T10:00:00"),
        ("America/Los_Angeles", "2026-11-01T01:30:00", "2026-11-01T08:30:00"),
        ("Asia/Tokyo", "2026-07-01T00:00:00", "2026-06-30T15:00:00"),
        ("America/Sao_Paulo", "2026-01-01T12:00:00", "2026-01-01T15:00:00"),
        ("Australia/Sydney", "2026-12-24T20:00:00", "2026-12-24T09:00:00"),
    ],
)
def test_wall_clocks_become_utc(zone, local, utc):
    seconds = np.array([np.datetime64(local, "s").astype(np.int64)])
    assert to_utc(np.array([TIME_ZONES.index(zone)]), seconds) == [
        np.datetime64(utc, "s").astype(np.int64)
    ]
