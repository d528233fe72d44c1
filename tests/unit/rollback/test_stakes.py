"""What a rollback would lose."""

from __future__ import annotations

import json

import pytest

from bqstack import guard
from bqstack.errors import UserError
from bqstack.state import Resource
from eros.operations.rollback import lost_rows
from tests.unit.rollback.states import TABLE, Warehouse, resource, table


def lost(warehouse: Warehouse, now: list[Resource], then: list[Resource]) -> list[lost_rows.Stake]:
    return lost_rows.at_stake(warehouse, guard.compare(now, then))


def test_a_dropped_column_counts_the_rows_that_have_a_value():
    warehouse = Warehouse(7)
    (stake,) = lost(warehouse, [table(columns="caption_id language")], [table()])
    assert (stake.name, stake.rows) == ("captions.language", 7)
    assert warehouse.queries[0].endswith(
        "FROM `test-project`.`brain`.`captions` AS each_row WHERE each_row.`language` IS NOT NULL"
    )


@pytest.mark.parametrize(
    ("field", "condition"),
    [
        (
            {"name": "tags", "type": "STRING", "mode": "REPEATED"},
            "ARRAY_LENGTH(each_row.`tags`) > 0",
        ),
        (
            {"name": "a", "type": "RECORD", "fields": [{"name": "b", "type": "STRING"}]},
            "each_row.`a` IS NOT NULL",
        ),
    ],
)
def test_lists_and_records_count_by_what_they_hold(field, condition):
    warehouse = Warehouse(1)
    schema = [{"name": "caption_id", "type": "STRING"}, field]
    lost(warehouse, [table(inputs={"schema": json.dumps(schema)})], [table()])
    assert warehouse.queries[0].endswith(f"WHERE {condition}")


def test_a_deleted_table_counts_its_rows():
    (stake,) = lost(Warehouse(12), [table(), table("extra")], [table()])
    assert str(stake) == "extra: deleted with all its rows (12 rows)"


def test_a_table_that_is_gone_already_loses_nothing():
    (stake,) = lost(Warehouse(None), [table("extra")], [])
    assert stake.is_nothing


def test_rows_that_take_too_long_to_count_must_be_named(monkeypatch):
    def late(*_, **__):
        raise TimeoutError

    monkeypatch.setattr(Warehouse, "query_and_wait", late)
    (stake,) = lost(Warehouse(12), [table("extra")], [])
    assert stake.rows is None
    with pytest.raises(UserError, match="--drop extra"):
        lost_rows.refuse([stake], [])


def test_rows_that_a_policy_may_hide_are_not_counted():
    (stake,) = lost(Warehouse(0, {"low": "id <= 4", "all": "TRUE"}), [table("extra")], [])
    assert stake.rows is None
    with pytest.raises(UserError, match="--drop extra"):
        lost_rows.refuse([stake], [])


def test_every_partition_of_a_table_counts():
    warehouse = Warehouse(3)
    lost(warehouse, [table("extra", inputs={"timePartitioning": {"type": "DAY"}})], [])
    assert warehouse.queries[0].endswith(
        "WHERE TRUE AND (each_row.`_PARTITIONTIME` IS NULL"
        " OR each_row.`_PARTITIONTIME` >= TIMESTAMP '0001-01-01 00:00:00+00')"
    )


def test_views_routines_and_schedules_hold_nothing():
    view = resource(TABLE, "v", {"view": {"query": "SELECT 1"}})
    routine = resource("gcp:bigquery/routine:Routine", "r", {"definitionBody": "1"})
    assert lost(Warehouse(1), [view, routine], []) == []


def test_a_loss_must_be_named():
    lost_column = lost_rows.Stake("captions.language", "column language is dropped", 7)
    with pytest.raises(UserError, match=r"7 rows\)\n  fix: .*--drop captions.language"):
        lost_rows.refuse([lost_column], [])
    lost_rows.refuse([lost_column], ["captions.language"])


def test_what_holds_nothing_needs_no_name():
    lost_rows.refuse([lost_rows.Stake("extra", "deleted", 0)], [])


def test_what_cannot_be_counted_must_be_named():
    with pytest.raises(UserError, match="--drop bucket"):
        lost_rows.refuse([lost_rows.Stake("bucket", "deleted", None)], [])


def test_a_name_of_no_loss_is_reported():
    with pytest.raises(UserError, match="nothing with this name"):
        lost_rows.refuse([], ["caption_bnak"])
