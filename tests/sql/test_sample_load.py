"""The sample on the emulator: loaded once, recognised, refused where it does not belong."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import pytest
from google.api_core.exceptions import InternalServerError

from bqstack.errors import UserError
from eros.cli.sample import put, put_first
from eros.sample import Sample, Size, caption_key, generate, held, load, loaded_day
from eros.sample.sample_shape import SCHEMAS

TODAY = date(2026, 3, 20)
pytestmark = [pytest.mark.sql, pytest.mark.emulator]


@pytest.fixture
def warehouse(build, request):
    """A dataset of each test's own: they drop tables and columns."""
    return build(request.node.name, only=[*SCHEMAS, "caption_key_v2"])


@pytest.fixture(scope="module")
def sample() -> Sample:
    return generate(Size.SMALL, seed=1, today=TODAY)


def counts(warehouse, sample: Sample) -> dict[str, int]:
    return {
        name: warehouse.value(f"SELECT COUNT(*) FROM {warehouse.name(name)}")
        for name in sample.tables
    }


def test_a_second_load_changes_nothing_and_says_so(warehouse, sample):
    first = load(warehouse.client, warehouse.settings, sample)
    assert first.changed
    assert counts(warehouse, sample) == {n: t.num_rows for n, t in sample.tables.items()}

    second = load(warehouse.client, warehouse.settings, sample)
    assert not second.changed
    assert "nothing changed" in str(second)
    assert counts(warehouse, sample) == {n: t.num_rows for n, t in sample.tables.items()}


def test_rows_arrive_as_they_were_generated(warehouse, sample):
    load(warehouse.client, warehouse.settings, sample)
    for name, table in sample.tables.items():
        # A message delivered twice has two rows of one key.
        order = [n for n in (table.schema.names[0], "updated_at") if n in table.schema.names]
        rows = warehouse.rows(
            f"SELECT * FROM {warehouse.name(name)} ORDER BY {', '.join(order)} LIMIT 500"
        )
        expected = table.sort_by([(n, "ascending") for n in order]).slice(0, 500)
        assert rows == expected.to_pylist(), name


def test_the_sql_function_computes_the_same_keys(warehouse, sample):
    load(warehouse.client, warehouse.settings, sample)
    bank, function = warehouse.name("caption_bank"), warehouse.name("caption_key_v2")
    different = f"SELECT COUNT(*) FROM {bank} WHERE caption_key != {function}(caption_text)"
    assert warehouse.value(different) == 0
    messages = warehouse.name("mass_messages")
    rows = warehouse.rows(
        f"SELECT message_text, {function}(message_text) AS message_key FROM {messages} LIMIT 3000"
    )
    assert all(caption_key(row["message_text"]) == row["message_key"] for row in rows)


def test_an_interrupted_load_is_completed(warehouse, sample):
    load(warehouse.client, warehouse.settings, sample)
    warehouse.run(f"TRUNCATE TABLE {warehouse.name('schedule_recommendations')}")
    report = load(warehouse.client, warehouse.settings, sample)
    assert list(report.loaded) == ["schedule_recommendations"]
    assert counts(warehouse, sample) == {n: t.num_rows for n, t in sample.tables.items()}


def test_rows_that_the_system_adds_and_changes_do_not_matter(warehouse, sample):
    load(warehouse.client, warehouse.settings, sample)
    locks = warehouse.name("active_caption_assignments")
    warehouse.run(f"UPDATE {locks} SET is_active = FALSE WHERE scheduled_send_date < '{TODAY}'")
    warehouse.run(
        f"INSERT INTO {locks} VALUES ('new', 'page', 'caption', '{TODAY}', CURRENT_TIMESTAMP(), "
        "TRUE, NULL, NULL)"
    )
    assert not load(warehouse.client, warehouse.settings, sample).changed


def test_foreign_rows_are_refused_before_anything_is_written(warehouse, sample):
    legacy = warehouse.name("captions")
    warehouse.run(f"INSERT INTO {legacy} VALUES ('mine', 'precious')")
    with pytest.raises(UserError, match=r"captions holds 1 row not from the sample"):
        load(warehouse.client, warehouse.settings, sample)
    assert counts(warehouse, sample)["caption_bank"] == 0
    assert warehouse.value(f"SELECT caption_text FROM {legacy}") == "precious"

    report = load(warehouse.client, warehouse.settings, sample, replace=True)
    assert set(report.loaded) == set(sample.tables)
    assert warehouse.value(f"SELECT COUNT(*) FROM {legacy} WHERE caption_id = 'mine'") == 0


def test_another_sample_is_refused_until_asked_for(warehouse, sample):
    load(warehouse.client, warehouse.settings, sample)
    other = generate(Size.SMALL, seed=2, today=TODAY)
    with pytest.raises(UserError, match="not from the sample small, seed 2"):
        load(warehouse.client, warehouse.settings, other)
    assert not load(warehouse.client, warehouse.settings, sample).changed
    assert load(warehouse.client, warehouse.settings, other, replace=True).changed
    assert counts(warehouse, other) == {n: t.num_rows for n, t in other.tables.items()}


def test_a_replacement_that_fails_deletes_nothing_and_leaves_nothing_behind(
    warehouse, sample, monkeypatch
):
    load(warehouse.client, warehouse.settings, sample)
    before = counts(warehouse, sample)
    real = warehouse.client.load_table_from_file

    def full(stream, reference, **options):
        if reference.table_id.endswith("_mass_messages"):
            raise InternalServerError("No space left on device")
        return real(stream, reference, **options)

    monkeypatch.setattr(warehouse.client, "load_table_from_file", full)
    other = generate(Size.SMALL, seed=2, today=TODAY)
    with pytest.raises(InternalServerError):
        load(warehouse.client, warehouse.settings, other, replace=True)
    assert counts(warehouse, sample) == before
    assert not load(warehouse.client, warehouse.settings, sample).changed, "the rows of before"
    assert held(warehouse.client, warehouse.settings) == "sample small, seed 1, of 2026-03-20"
    tables = warehouse.client.list_tables(warehouse.settings.dataset)
    assert [t.table_id for t in tables if t.table_id.startswith("sample_")] == []


def test_what_was_learned_from_a_replaced_sample_goes_with_it(build, sample):
    names = [*SCHEMAS, "caption_bandit_stats", "message_feedback"]
    warehouse = build("learned", only=[*names, "integrity_violations"])
    load(warehouse.client, warehouse.settings, sample)
    stats, sent = warehouse.name("caption_bandit_stats"), warehouse.name("message_feedback")
    old, mine = f"{sample.identity.prefix}c00000000", "mine"
    for name in (old, mine):
        warehouse.run(
            f"INSERT INTO {stats} (page_name, caption_id, successes, failures, last_updated) "
            f"VALUES ('p', '{name}', 1, 1, CURRENT_TIMESTAMP())"
        )
        warehouse.run(
            f"INSERT INTO {sent} (message_id, page_name, sent_at, views, purchases, earnings, "
            f"updated_at, counted_at) VALUES ('{name}', 'p', CURRENT_TIMESTAMP(), 1, 1, 1, "
            "CURRENT_TIMESTAMP(), CURRENT_TIMESTAMP())"
        )
    other = generate(Size.SMALL, seed=2, today=TODAY)
    load(warehouse.client, warehouse.settings, other, replace=True)
    assert warehouse.rows(f"SELECT caption_id FROM {stats}") == [{"caption_id": mine}]
    assert warehouse.rows(f"SELECT message_id FROM {sent}") == [{"message_id": mine}]


def test_captions_are_counted_again_after_every_load(build, sample):
    """Health would judge the captions of before for an hour, and call a full library empty."""
    counting = ["count_active_captions", "count_integrity_violations", "health_snapshot"]
    warehouse = build("counted", only=[*SCHEMAS, *counting])
    for seed, is_other in ((1, False), (2, True)):
        of_seed = generate(Size.SMALL, seed=seed, today=TODAY)
        load(warehouse.client, warehouse.settings, of_seed, replace=is_other)
        active = warehouse.value(f"SELECT COUNTIF(is_active) FROM {warehouse.name('caption_bank')}")
        counted = warehouse.value(
            f"SELECT MAX_BY(value, figure_time) FROM {warehouse.name('stored_figures')} "
            "WHERE figure = 'active_captions'"
        )
        assert counted == active > 0
        pool = warehouse.value(
            f"SELECT available_captions + locked_captions FROM {warehouse.name('health_snapshot')}"
        )
        assert pool == active


def test_up_keeps_the_sample_that_somebody_has_put_there(warehouse):
    """README's own commands in any order: sample, up, sample --replace, up, and so on."""
    google = SimpleNamespace(bigquery=warehouse.client, settings=warehouse.settings)
    assert put_first(google, None, None), "the first up"
    assert not put_first(google, None, None), "the second"
    for seed in (2, 1, 3):
        assert put(google, Size.SMALL, seed, replace=True)
        known = held(warehouse.client, warehouse.settings)
        assert f"seed {seed}," in str(known)
        assert not put_first(google, None, None)
        assert held(warehouse.client, warehouse.settings) == known
        assert not put(google, Size.SMALL, seed, replace=False), "asked for by name"
    with pytest.raises(UserError, match="--replace"):
        put(google, Size.SMALL, 1, replace=False)
    with pytest.raises(UserError, match="--replace"):
        put_first(google, Size.SMALL, 2)
    assert held(warehouse.client, warehouse.settings) == known


def test_a_damaged_table_is_named(warehouse, sample):
    load(warehouse.client, warehouse.settings, sample)
    bank = warehouse.name("caption_bank")
    warehouse.run(f"DELETE FROM {bank} WHERE caption_id LIKE '%0'")
    with pytest.raises(UserError, match=r"caption_bank holds 1,296 of the 1,440 rows"):
        load(warehouse.client, warehouse.settings, sample)


def test_the_sample_of_another_day_is_found_again(warehouse, sample):
    assert loaded_day(warehouse.client, warehouse.settings, Size.SMALL, 1) is None
    load(warehouse.client, warehouse.settings, sample)
    assert loaded_day(warehouse.client, warehouse.settings, Size.SMALL, 1) == TODAY
    assert loaded_day(warehouse.client, warehouse.settings, Size.SMALL, 2) is None
    assert loaded_day(warehouse.client, warehouse.settings, Size.MEDIUM, 1) is None


def test_a_missing_table_is_named_with_the_fix(warehouse, sample):
    warehouse.run(f"DROP TABLE {warehouse.name('mass_messages')}")
    with pytest.raises(UserError, match=r"no table .*mass_messages") as caught:
        load(warehouse.client, warehouse.settings, sample)
    assert "pulumi up" in str(caught.value)


def test_a_missing_dataset_is_named_with_the_fix(warehouse, sample):
    elsewhere = warehouse.settings.model_copy(update={"dataset": "no_such_dataset"})
    with pytest.raises(UserError, match=r"no dataset \S+\.no_such_dataset"):
        load(warehouse.client, elsewhere, sample)
    assert loaded_day(warehouse.client, elsewhere, Size.SMALL, 1) is None


def test_a_table_without_a_column_is_named(warehouse, sample):
    warehouse.run(f"ALTER TABLE {warehouse.name('mass_messages')} DROP COLUMN earnings")
    with pytest.raises(UserError, match=r"mass_messages lacks columns of the sample: earnings"):
        load(warehouse.client, warehouse.settings, sample)
