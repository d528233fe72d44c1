"""What the comparison of columns says: where a new one lands."""

from __future__ import annotations

import pytest

from bqstack.guard import column_changes


def _fields(*names: str) -> list[dict[str, str]]:
    return [{"name": name, "type": "STRING", "mode": "NULLABLE"} for name in names]


@pytest.mark.parametrize(
    ("new", "text"),
    [
        (("id", "c", "b"), "column b STRING is added"),
        (
            ("id", "b", "c"),
            "column b STRING is added, after c: BigQuery appends it, wherever the file has it",
        ),
        (
            ("b", "id", "c"),
            "column b STRING is added, after c: BigQuery appends it, wherever the file has it",
        ),
    ],
)
def test_a_new_column_is_shown_where_it_lands(new: tuple[str, ...], text: str) -> None:
    details, replaced = column_changes.details("t", _fields("id", "c"), _fields(*new))
    assert [detail.text for detail in details] == [text]
    assert not replaced
