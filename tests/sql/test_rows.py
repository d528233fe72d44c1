"""`eros diff`: rows of two sides on one emulator."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from google.cloud import bigquery

from bqstack import rows
from bqstack.errors import UserError
from bqstack.guard.declarations import Declared
from bqstack.plan.sources import Side
from bqstack.rows import ObjectDiff, row_report, side_dataset
from gcptypes.records import ROUTINE, TABLE

pytestmark = [pytest.mark.sql, pytest.mark.emulator]
DATASET = "rows_of_a_shop"
ORDERS = [
    {"name": "id", "type": "INTEGER"},
    {"name": "customer", "type": "STRING"},
    {"name": "paid", "type": "FLOAT"},
]


@pytest.fixture(scope="module")
def shop(client: bigquery.Client) -> Iterator[bigquery.Client]:
    """A dataset with twelve orders of three customers."""
    client.create_dataset(DATASET)
    client.query_and_wait(
        f"CREATE TABLE {DATASET}.orders (id INT64, customer STRING, paid FLOAT64);"
        f"INSERT INTO {DATASET}.orders SELECT n, SUBSTR('abc', MOD(n, 3) + 1, 1), n * 1.1"
        " FROM UNNEST(GENERATE_ARRAY(1, 12)) AS n"
    )
    yield client
    client.delete_dataset(DATASET, delete_contents=True)


def declared(client: bigquery.Client, name: str, type_: str, **values: Any) -> Declared:
    key = "routineId" if type_ == ROUTINE else "tableId"
    place = {"project": client.project, "datasetId": DATASET, key: name}
    return Declared(f"u::{name}", type_, name, place | values, custom=True, protect=False)


def view(client: bigquery.Client, name: str, query: str) -> Declared:
    return declared(client, name, TABLE, view={"query": query.replace("$", place(client))})


def function(client: bigquery.Client, name: str, body: str, *arguments: str, **more: Any):
    listed = [
        {"name": one, "dataType": json.dumps({"typeKind": kind})}
        for one, _, kind in (argument.partition(" ") for argument in arguments)
    ]
    values = {"routineType": "SCALAR_FUNCTION", "language": "SQL"} | more
    text = body.replace("$", place(client))
    return declared(client, name, ROUTINE, definitionBody=text, arguments=listed, **values)


def place(client: bigquery.Client) -> str:
    return f"`{client.project}`.`{DATASET}`."


def table(client: bigquery.Client, schema: list[dict[str, str]] = ORDERS) -> Declared:
    return declared(client, "orders", TABLE, schema=json.dumps(schema))


def compare(client: bigquery.Client, old: list[Declared], new: list[Declared], **options: Any):
    """What differs, by object; whatever was made for it is gone afterwards."""
    before = {one.dataset_id for one in client.list_datasets()}
    sides = [
        Side(label, (*(() if any(r.name == "orders" for r in side) else (table(client),)), *side))
        for label, side in (("old", old), ("new", new))
    ]
    found = rows.compare(client, "local", DATASET, *sides, **options)
    assert {one.dataset_id for one in client.list_datasets()} == before
    return found


def only(found: rows.RowDiff) -> ObjectDiff:
    (one,) = found.objects
    return one


TOTALS = "SELECT customer, COUNT(*) AS orders, SUM(paid) AS paid FROM $orders{} GROUP BY customer"


def test_rows_are_found_by_what_tells_them_apart_and_each_column_is_counted(shop):
    found = compare(
        shop,
        [view(shop, "totals", TOTALS.format(""))],
        [view(shop, "totals", TOTALS.format(" WHERE id != 1"))],
    )
    one = only(found)
    assert (one.before, one.after, one.removed, one.added, one.changed) == (3, 3, 0, 0, 1)
    assert one.columns == {"orders": 1, "paid": 1}
    assert one.by == ("customer",)
    (example,) = one.examples
    assert example.key == {"customer": "b"}
    assert (example.before["orders"], example.after["orders"]) == (4, 3)
    assert 'customer="b": orders 4 -> 3' in row_report.text(found)
    assert "| view `totals` | 3 | 3 | 0 | 0 | 1 | `orders` 1, `paid` 1 |" in row_report.render(
        found
    )


def test_rows_that_come_and_go_are_counted_with_five_examples(shop):
    listed = "SELECT id, customer FROM $orders WHERE id <= {}"
    sides = [[view(shop, "few", listed.format(n))] for n in (12, 4)]
    one = only(compare(shop, *sides))
    assert (one.before, one.after, one.removed, one.added, one.changed) == (12, 4, 8, 0, 0)
    assert len(one.examples) == 5
    one = only(compare(shop, *reversed(sides)))
    assert (one.removed, one.added) == (0, 8)
    assert one.examples[0].before is None


def test_repeated_rows_are_counted_as_often_as_they_are_there(shop):
    sides = [[view(shop, "same", f"SELECT 1 AS x FROM $orders WHERE id <= {n}")] for n in (12, 9)]
    one = only(compare(shop, *sides))
    assert (one.before, one.after, one.removed) == (12, 9, 3)


def test_new_and_gone_columns_are_reported_and_the_rest_compared(shop):
    old = [view(shop, "v", "SELECT id, customer FROM $orders")]
    new = [view(shop, "v", "SELECT id, paid FROM $orders")]
    one = only(compare(shop, old, new))
    assert (one.new_columns, one.gone_columns) == (("paid",), ("customer",))
    assert one.differs
    assert not one.changed


def test_the_noise_of_floating_point_and_the_moment_are_no_difference(shop):
    body = "SELECT id, paid{} AS paid, CURRENT_TIMESTAMP() AS seen FROM $orders"
    sides = [[view(shop, "v", body.format(noise))] for noise in ("", " * 3 / 3")]
    one = only(compare(shop, *sides))
    assert not one.differs, one


def test_a_changed_function_is_called_and_what_reads_it_is_compared_too(shop):
    reader = view(shop, "taxed", "SELECT id, $tax(id) AS tax FROM $orders")
    again = view(shop, "again", "SELECT MAX(tax) AS most FROM $taxed")
    aside = view(shop, "aside", "SELECT customer FROM $orders")
    old = [function(shop, "tax", "id * 2", "id INT64"), reader, again, aside]
    new = [function(shop, "tax", "IF(id = 7, 0, id * 2)", "id INT64"), reader, again, aside]
    found = compare(shop, old, new)
    tax, taxed, most = found.objects
    assert (tax.name, tax.kind, tax.is_changed, taxed.is_changed) == (
        "tax",
        "function",
        True,
        False,
    )
    # The rows' own ids are among the calls: 7 is no edge of INT64.
    assert tax.changed == 1
    assert tax.examples[0].key == {"id": 7}
    assert (taxed.name, taxed.changed, taxed.columns) == ("taxed", 1, {"tax": 1})
    assert (most.name, most.differs) == ("again", False)
    assert [one.name for one in compare(shop, old, new, only=["taxed"]).objects] == ["taxed"]
    with pytest.raises(UserError, match="affects no view or function with this name: aside"):
        compare(shop, old, new, only=["aside"])


def test_a_table_function_is_called_with_values_of_the_rows(shop):
    kind = {"routineType": "TABLE_VALUED_FUNCTION"}
    body = "SELECT id{} AS n FROM $orders WHERE customer = IFNULL(for_customer, customer)"
    sides = [
        [function(shop, "of", body.format(more), "for_customer STRING", **kind)]
        for more in ("", " + 1")
    ]
    one = only(compare(shop, *sides))
    assert (one.kind, one.calls > 1, one.differs) == ("table function", True, True)


def test_a_column_that_the_table_has_on_one_side_only(shop):
    wider = [*ORDERS, {"name": "note", "type": "STRING"}]
    old = [view(shop, "v", "SELECT id, paid FROM $orders")]
    new = [
        table(shop, wider),
        view(shop, "v", "SELECT id, paid, IFNULL(note, 'none') AS note FROM $orders"),
    ]
    one = only(compare(shop, old, new))
    assert one.new_columns == ("note",)
    assert not one.unknown


def test_rows_behind_a_table_that_asks_for_a_filter_are_compared(shop):
    shop.query_and_wait(
        f"CREATE TABLE {DATASET}.visits (day DATE, shop STRING) PARTITION BY day"
        " OPTIONS (require_partition_filter = TRUE);"
        f"INSERT INTO {DATASET}.visits VALUES (DATE '2026-01-01', 'a'), (NULL, 'b')"
    )
    query = (
        "SELECT day, $twice(shop){} AS s FROM $visits WHERE day IS NULL OR day > DATE '2000-01-01'"
    )
    fields = [{"name": "day", "type": "DATE"}, {"name": "shop", "type": "STRING"}]
    # The new side has a column more, so its table is a view.
    more = [*fields, {"name": "note", "type": "STRING"}]
    sides = [
        [
            declared(shop, "visits", TABLE, schema=json.dumps(columns)),
            view(shop, "v", query.format(mark)),
            function(shop, "twice", body, "shop STRING"),
        ]
        for columns, mark, body in ((fields, "", "shop"), (more, " || '!'", "CONCAT(shop, shop)"))
    ]
    found = {one.name: one for one in compare(shop, *sides).objects}
    assert not [one for one in found.values() if one.unknown], found
    assert found["v"].columns == {"s": 2}
    assert found["twice"].differs
    shop.query_and_wait(f"DROP TABLE {DATASET}.visits")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("SELECT id, RAND() AS chance FROM $orders", "different rows on every call"),
        ("SELECT id, gone FROM $orders", "after the change it cannot be made"),
    ],
)
def test_what_cannot_be_compared_says_why(shop, body, why):
    old = [view(shop, "v", "SELECT id, RAND() + 1 AS chance FROM $orders")]
    one = only(compare(shop, old, [view(shop, "v", body)]))
    assert why in one.unknown
    assert not one.differs


def test_a_change_without_views_says_so(shop):
    found = compare(shop, [], [])
    assert found.objects == ()
    assert "affects no views or functions" in row_report.text(found)
    assert "affects no views or functions" in row_report.render(found)


def test_the_markdown_stays_small_whatever_the_rows_hold(shop):
    long = [replace(only(hostile(shop)), name=f"v{n}") for n in range(40)]
    text = row_report.render(rows.RowDiff("local", "a", "b", tuple(long)))
    assert len(text.encode()) <= row_report.LIMIT
    assert "@everybody" in text
    assert "left out" in text


def test_what_a_killed_process_left_behind_goes_after_a_day(shop, monkeypatch):
    shop.create_dataset("rows_0123abcd_before")
    shop.create_dataset("rows_of_mine")
    side_dataset.delete_old(shop)
    assert "rows_0123abcd_before" in {one.dataset_id for one in shop.list_datasets()}
    monkeypatch.setattr(side_dataset, "KEPT_MS", -60_000)
    side_dataset.delete_old(shop)
    left = {one.dataset_id for one in shop.list_datasets()}
    assert "rows_0123abcd_before" not in left
    assert "rows_of_mine" in left


def hostile(shop):
    """A text that would end the code block, ping people and open a tag."""
    body = "SELECT id, '`</details> @everybody | {}' AS x FROM $orders"
    return compare(shop, *([view(shop, "v", body.format("y" * n))] for n in (1, 400)))
