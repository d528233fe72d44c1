"""Columns of a table, old against new, and whether the table must be recreated for them.

The rules are those of the gcp provider (terraform-provider-google, bigquery_table: columns
may be dropped in place unless others come with the same change, a REQUIRED one may become
NULLABLE, any other type or mode needs a new table) and of BigQuery
(https://cloud.google.com/bigquery/docs/managing-table-schemas).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bqstack.guard.change import Detail, Loss
from bqstack.unchecked import JsonObject

Field = JsonObject

_ALIASES = {
    "BOOL": "BOOLEAN",
    "DECIMAL": "NUMERIC",
    "BIGDECIMAL": "BIGNUMERIC",
    "FLOAT64": "FLOAT",
    "INT64": "INTEGER",
    "STRUCT": "RECORD",
}
_SQL_NAMES = {"BOOLEAN": "BOOL", "FLOAT": "FLOAT64", "INTEGER": "INT64", "RECORD": "STRUCT"}
# Digits before the point that a type without parameters holds, and behind it.
_UNBOUNDED = {"NUMERIC": (29, 9), "BIGNUMERIC": (38, 38)}


def details(table: str, old: list[Field], new: list[Field]) -> tuple[list[Detail], bool]:
    """What differs, and whether the table is replaced for it.

    What loses something only because of the replacement has no allowance of its own.
    """
    found = list(_fields(table, old, new, ""))
    return found, not _in_place(old, new, top=True)


def type_of(field: Field) -> str:
    """A column's type as DDL writes it, with mode."""
    kind = _kind(field)
    name = _SQL_NAMES.get(kind, kind)
    length, precision, scale = (field.get(k) for k in ("maxLength", "precision", "scale"))
    if length is not None:
        name += f"({length})"
    elif precision is not None:
        name += f"({precision}, {scale})" if scale is not None else f"({precision})"
    return f"ARRAY<{name}>" if _mode(field) == "REPEATED" else name


def _fields(table: str, old: list[Field], new: list[Field], prefix: str) -> Iterator[Detail]:
    before, after = _by_name(old), _by_name(new)
    for key in [key for key in before if key not in after]:
        yield _dropped(table, prefix, before[key])
    for key in [key for key in after if key not in before]:
        yield _added(table, prefix, after[key], _lands_behind(before, after, key))
    for key in [key for key in before if key in after]:
        yield from _changed(table, before[key], after[key], prefix)


def _dropped(table: str, prefix: str, field: Field) -> Detail:
    column = f"{prefix}{field['name']}"
    return Detail(
        path=f"schema.{column}",
        text=f"column {column} {type_of(field)} is dropped",
        loss=Loss.LOSSY,
        reason="its values are lost",
        allowance=f"{table}: drop column {column}",
        column=column,
    )


def _lands_behind(before: dict[str, Field], after: dict[str, Field], added: str) -> str:
    """Last column of the table where the file has the new one before that; else nothing."""
    keys = list(after)
    if not any(key in before for key in keys[keys.index(added) + 1 :]):
        return ""
    return str(list(before.values())[-1]["name"])


def _added(table: str, prefix: str, field: Field, behind: str) -> Detail:
    column = f"{prefix}{field['name']}"
    path = f"schema.{column}"
    if _mode(field) != "REQUIRED":
        text = f"column {column} {type_of(field)} is added"
        if behind:
            text += f", after {behind}: BigQuery appends it, wherever the file has it"
        if field.get("defaultValueExpression"):
            # https://cloud.google.com/bigquery/docs/default-values#limitations
            return Detail(
                path=path,
                text=text + " with a default, which BigQuery refuses for an existing table",
                loss=Loss.LOSSY,
                reason="the update would stop halfway: add it without the default, and the default"
                " in a second update",
                allowance=f"{table}: add column {column} with a default",
                column=column,
            )
        return Detail(path, text, column=column)
    return Detail(
        path=path,
        text=f"column {column} {type_of(field)} REQUIRED is added",
        loss=Loss.LOSSY,
        reason="existing rows have no value for it, so the table would be recreated",
        column=column,
    )


def _changed(table: str, old: Field, new: Field, prefix: str) -> Iterator[Detail]:
    column = f"{prefix}{new['name']}"
    path = f"schema.{column}"
    if (_kind(old), _mode(old) == "REPEATED") != (_kind(new), _mode(new) == "REPEATED"):
        yield Detail(
            path=path,
            text=f"column {column}: {type_of(old)} becomes {type_of(new)}",
            loss=Loss.LOSSY,
            reason="the provider recreates the table for a new type",
            column=column,
        )
        return
    if old["name"] != new["name"]:
        yield Detail(
            path=path,
            text=f"column {prefix}{old['name']} is written {column}",
            loss=Loss.LOSSY,
            reason="the provider treats a different spelling as a different column",
            column=column,
        )
    yield from _mode_changed(old, new, column, path)
    yield from _parameters_changed(table, old, new, column, path)
    yield from _options_changed(old, new, column, path)
    yield from _tags_changed(table, old, new, column, path)
    yield from _fields(table, old.get("fields") or [], new.get("fields") or [], f"{column}.")


def _mode_changed(old: Field, new: Field, column: str, path: str) -> Iterator[Detail]:
    if (_mode(old), _mode(new)) == ("NULLABLE", "REQUIRED"):
        yield Detail(
            path=path,
            text=f"column {column} becomes REQUIRED",
            loss=Loss.LOSSY,
            reason="rows without a value do not qualify, so the table would be recreated",
            column=column,
        )
    elif _mode(old) != _mode(new):
        yield Detail(
            path=path,
            text=f"column {column} becomes NULLABLE",
            loss=Loss.REVERSIBLE,
            reason="no row changes, but BigQuery cannot make it required again in place",
            column=column,
        )


def _parameters_changed(
    table: str, old: Field, new: Field, column: str, path: str
) -> Iterator[Detail]:
    if type_of(old) == type_of(new):
        return
    text = f"column {column}: {type_of(old)} becomes {type_of(new)}"
    if _holds(new, old):
        yield Detail(path, text, column=column)
    else:
        yield Detail(
            path=path,
            text=text,
            loss=Loss.LOSSY,
            reason="existing values may not fit",
            allowance=f"{table}: narrow column {column}",
            column=column,
        )


def _options_changed(old: Field, new: Field, column: str, path: str) -> Iterator[Detail]:
    if (old.get("description") or "") != (new.get("description") or ""):
        yield Detail(path, f"description of column {column}", column=column)
    for key, text, reason in (
        ("defaultValueExpression", "default", "rows inserted without a value get a different one"),
        ("collation", "collation", "new rows compare differently"),
        ("roundingMode", "rounding mode", "new values are rounded differently"),
    ):
        if (old.get(key) or None) != (new.get(key) or None):
            change = f"{_shown(old.get(key))} becomes {_shown(new.get(key))}"
            yield Detail(
                path, f"{text} of column {column}: {change}", Loss.REVERSIBLE, reason, column=column
            )


def _tags_changed(table: str, old: Field, new: Field, column: str, path: str) -> Iterator[Detail]:
    before, after = ((field.get("policyTags") or {}).get("names") or [] for field in (old, new))
    if before == after:
        return
    change = f"{_shown(before)} becomes {_shown(after)}"
    text = f"policy tags of column {column}: {change}"
    if set(before) <= set(after):
        reason = "fewer people may read it"
        yield Detail(path, text, Loss.REVERSIBLE, reason, column=column)
    else:
        yield Detail(
            path=path,
            text=text,
            loss=Loss.LOSSY,
            reason="it is readable at once, and what was read cannot be taken back",
            allowance=f"{table}: open column {column}",
            column=column,
        )


def _in_place(old: list[Field], new: list[Field], *, top: bool) -> bool:
    """Whether the provider changes the table that is there."""
    before = {field["name"]: field for field in old}
    after = {field["name"]: field for field in new}
    dropped, added = before.keys() - after.keys(), after.keys() - before.keys()
    if dropped and (added or not top):
        return False  # a renamed column looks like this
    if any(_mode(after[name]) == "REQUIRED" for name in added):
        return False
    return all(
        _kind(before[name]) == _kind(after[name])
        and (_mode(before[name]), _mode(after[name]))
        in {("REQUIRED", "NULLABLE"), (_mode(before[name]),) * 2}
        and _in_place(before[name].get("fields") or [], after[name].get("fields") or [], top=False)
        for name in before.keys() & after.keys()
    )


def _holds(wide: Field, narrow: Field) -> bool:
    """Whether a column of the one type takes every value of the other."""
    if _kind(wide) in ("STRING", "BYTES"):
        lengths = [int(f["maxLength"]) if f.get("maxLength") else None for f in (narrow, wide)]
        return lengths[1] is None or (lengths[0] is not None and lengths[1] >= lengths[0])
    (before, scale_before), (after, scale_after) = _digits(narrow), _digits(wide)
    return after >= before and scale_after >= scale_before


def _digits(field: Field) -> tuple[int, int]:
    if field.get("precision") is None:
        return _UNBOUNDED.get(_kind(field), (0, 0))
    scale = int(field.get("scale") or 0)
    return int(field["precision"]) - scale, scale


def _shown(value: Any) -> str:
    return "none" if value is None else str(value)


def _kind(field: Field) -> str:
    name = str(field.get("type", "")).upper()
    return _ALIASES.get(name, name)


def _mode(field: Field) -> str:
    return str(field.get("mode") or "NULLABLE").upper()


def _by_name(fields: list[Field]) -> dict[str, Field]:
    """Fields by what BigQuery compares their names by."""
    return {field["name"].lower(): field for field in fields}
