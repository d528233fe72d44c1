"""What a change of a table's schema needs, by the real plugin's rules."""

import json
from typing import Any

import pytest

from localgcp.provider.resources import table_schema

pytestmark = pytest.mark.unit

ID: dict[str, Any] = {"name": "id", "type": "INTEGER", "mode": "REQUIRED"}
TEXT: dict[str, Any] = {"name": "text", "type": "STRING"}
PARTS: dict[str, Any] = {
    "name": "parts",
    "type": "RECORD",
    "fields": [TEXT, {"name": "n", "type": "FLOAT"}],
}
BASE = [ID, TEXT, PARTS]


def changed(field: dict[str, Any], **values: Any) -> list[dict[str, Any]]:
    return [{**item, **values} if item["name"] == field["name"] else item for item in BASE]


@pytest.mark.parametrize(
    "other",
    [
        [TEXT, PARTS, ID],
        changed(ID, type="INT64"),
        changed(ID, type="int64"),
        changed(TEXT, mode="NULLABLE"),
        changed(TEXT, description=""),
        changed(TEXT, policyTags={"names": []}),
        changed(PARTS, fields=[{"name": "n", "type": "FLOAT64"}, TEXT]),
    ],
)
def test_these_mean_the_same_table(other: list[dict[str, Any]]) -> None:
    assert table_schema.same(json.dumps(BASE), json.dumps(other, indent=2))


@pytest.mark.parametrize(
    "other",
    [
        changed(ID, mode="NULLABLE"),
        changed(TEXT, description="x"),
        changed(TEXT, defaultValueExpression="'x'"),
        changed(PARTS, type="STRUCT"),
        BASE[:2],
        [*BASE, {"name": "more", "type": "STRING"}],
    ],
)
def test_these_do_not(other: list[dict[str, Any]]) -> None:
    assert not table_schema.same(json.dumps(BASE), json.dumps(other))


@pytest.mark.parametrize(
    "other",
    [
        pytest.param([*BASE, {"name": "more", "type": "STRING"}], id="new nullable column"),
        pytest.param(BASE[:1], id="columns removed"),
        pytest.param(changed(ID, mode="NULLABLE"), id="REQUIRED to NULLABLE"),
        pytest.param(changed(TEXT, description="x"), id="description"),
        pytest.param(
            changed(PARTS, fields=[*PARTS["fields"], {"name": "z", "type": "DATE"}]),
            id="new nested column",
        ),
    ],
)
def test_these_happen_in_place(other: list[dict[str, Any]]) -> None:
    assert table_schema.can_change_in_place(json.dumps(BASE), json.dumps(other), is_external=False)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(changed(TEXT, type="DATE"), id="type"),
        pytest.param(changed(TEXT, mode="REQUIRED"), id="NULLABLE to REQUIRED"),
        pytest.param(changed(TEXT, mode="REPEATED"), id="NULLABLE to REPEATED"),
        pytest.param(
            [*BASE, {"name": "more", "type": "STRING", "mode": "REQUIRED"}],
            id="new REQUIRED column",
        ),
        pytest.param([ID, PARTS, {"name": "words", "type": "STRING"}], id="renamed column"),
        pytest.param(changed(PARTS, fields=[TEXT]), id="nested column removed"),
    ],
)
def test_these_need_another_table(other: list[dict[str, Any]]) -> None:
    assert not table_schema.can_change_in_place(
        json.dumps(BASE), json.dumps(other), is_external=False
    )


def test_an_external_table_cannot_drop_a_column() -> None:
    assert not table_schema.can_change_in_place(
        json.dumps(BASE), json.dumps(BASE[:1]), is_external=True
    )


def test_text_that_is_no_schema_is_never_the_same() -> None:
    assert table_schema.parse("[1]") is None
    assert not table_schema.same("not json", json.dumps(BASE))
