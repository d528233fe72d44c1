"""Statements of backups stay within what BigQuery takes, whatever number of columns tables have."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from google.cloud import bigquery

from bqstack.errors import UserError
from eros.operations.backup import chosen_tables, creation, restore_sql, statement_size, sums
from eros.operations.backup.sums import Relation


def fields(number: int) -> tuple[dict[str, str], ...]:
    return tuple(
        {"name": f"column_{n}", "type": "STRING", "mode": "NULLABLE"} for n in range(number)
    )


def live(name: str, number: int) -> bigquery.Table:
    return bigquery.Table(
        f"p.d.{name}", [bigquery.SchemaField.from_api_repr(one) for one in fields(number)]
    )


class Counting:
    """BigQuery that adds up nothing, and keeps every query."""

    def __init__(self, columns: int) -> None:
        self.queries: list[str] = []
        self.columns = columns

    def rows(self, google: object, sql: str, sizes: list[int]) -> list[Any]:
        self.queries.append(sql)
        names = [line.split("'")[1] for line in sql.split("\n") if line.startswith("SELECT '")]
        assert len(sizes) == len(names)
        return [
            SimpleNamespace(table_name=name, row_count=n, checksums=[n] * (self.columns + 1))
            for n, name in enumerate(names)
        ]


def test_wide_tables_are_added_up_in_several_queries(monkeypatch: pytest.MonkeyPatch) -> None:
    counting = Counting(3000)
    monkeypatch.setattr(sums.backup_jobs, "rows", counting.rows)
    relations = {f"t{n}": Relation(f"`p`.`d`.`t{n}`", fields(3000)) for n in range(5)}
    found = sums.add_up(None, relations)  # type: ignore[arg-type]
    assert list(found) == list(relations)
    assert all(len(one.columns) == 3000 for one in found.values())
    assert len(counting.queries) > 1
    assert all(len(query.encode()) <= statement_size.MOST_BYTES for query in counting.queries)


def test_narrow_tables_are_added_up_in_one_query(monkeypatch: pytest.MonkeyPatch) -> None:
    counting = Counting(20)
    monkeypatch.setattr(sums.backup_jobs, "rows", counting.rows)
    relations = {f"t{n}": Relation(f"`p`.`d`.`t{n}`", fields(20)) for n in range(90)}
    assert len(sums.add_up(None, relations)) == 90  # type: ignore[arg-type]
    assert len(counting.queries) == 1


def test_a_table_of_a_thousand_columns_can_be_backed_up() -> None:
    restore_sql.require_possible({"t": live("t", 1000)})


def test_a_table_of_too_many_columns_is_refused_before_anything_is_made(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.setattr(creation.ledger, "require", lambda _: None)
    monkeypatch.setattr(creation.chosen_tables, "chosen", lambda *_: ["wide"])
    monkeypatch.setattr(creation.chosen_tables, "live", lambda *_: {"wide": live("wide", 10_000)})
    monkeypatch.setattr(creation.sight, "require", lambda *_: None)
    # Neither a moment is asked for nor a snapshot made.
    monkeypatch.setattr(creation, "free_moment", lambda _: pytest.fail("it went on"))
    with pytest.raises(UserError, match=r"wide has 10,000 columns.*nothing was changed"):
        creation.create(SimpleNamespace(settings=settings), tables=["wide"])  # type: ignore[arg-type]


def test_too_many_wide_tables_at_once_are_refused_with_a_way_out() -> None:
    pieces = {
        f"t{n}": restore_sql.statement("`p`.`d`.`t`", "`p`.`b`.`t`", fields(3000)) for n in range(9)
    }
    restore_sql.require_one({"t0": pieces["t0"]})
    with pytest.raises(UserError, match="longer than BigQuery takes") as refused:
        restore_sql.require_one(pieces)
    assert "--tables" in (refused.value.fix or "")


def test_a_named_table_of_another_kind_is_refused_by_its_kind(settings: Any) -> None:
    items = [
        SimpleNamespace(table_id="files", table_type="EXTERNAL"),
        SimpleNamespace(table_id="own", table_type="TABLE"),
    ]
    google: Any = SimpleNamespace(
        settings=settings,
        bigquery=SimpleNamespace(list_tables=lambda _: items),
    )
    with pytest.raises(UserError, match="not a table with its own rows") as refused:
        chosen_tables.chosen(google, ["files"])
    assert refused.value.value == "files is of the type EXTERNAL"
    assert chosen_tables.chosen(google, ["own"]) == ["own"]
