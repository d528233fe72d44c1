"""Tables, views and materialized views: one type to the provider, three kinds to people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from bqstack.amounts import counted
from bqstack.guard import column_changes, sqltext
from bqstack.guard.change import Detail, Loss
from bqstack.guard.words import edited
from bqstack.unchecked import JsonMapping, JsonObject
from gcptypes.records import TABLE

TYPE = TABLE
DAY_MS = 24 * 60 * 60 * 1000
_PLACE = ("project", "datasetId", "tableId")
# Options of a table that change without touching a row.
_OPTIONS = {
    "friendlyName": ("title", Loss.NONE, ""),
    "labels": ("labels", Loss.NONE, ""),
    "resourceTags": ("tags", Loss.REVERSIBLE, "policies that depend on them change"),
    "maxStaleness": ("max staleness", Loss.REVERSIBLE, "answers may be older or cost more"),
    "tableConstraints": (
        "key constraints",
        Loss.REVERSIBLE,
        "they are not enforced, but the optimiser relies on them",
    ),
    "defaultCollation": ("default collation", Loss.REVERSIBLE, "new columns compare differently"),
}


def kind(inputs: JsonObject) -> str:
    """table, view, materialized view or external table."""
    if "view" in inputs:
        return "view"
    if "materializedView" in inputs:
        return "materialized view"
    return "external table" if "externalDataConfiguration" in inputs else "table"


def holds_rows(inputs: JsonObject) -> bool:
    """Whether rows go when the object goes."""
    return kind(inputs) == "table"


def contents(inputs: JsonObject) -> str:
    """A table in a few words; a view says nothing of itself."""
    schema = inputs.get("schema")
    if kind(inputs) != "table" or not schema:
        return ""
    parts = [counted(len(schema), "column")]
    if partitioning := inputs.get("timePartitioning"):
        parts.append(f"partitioned by {_layout(partitioning)}")
    if clusters := inputs.get("clusterings"):
        parts.append(f"clustered by {', '.join(clusters)}")
    return ", ".join(parts)


def columns_of(inputs: JsonMapping) -> tuple[tuple[str, str], ...]:
    """Names and types of the columns of a table."""
    return tuple((f["name"], f.get("type", "")) for f in inputs.get("schema") or [])


def dropped(old: JsonMapping, new: JsonMapping) -> list[str]:
    """Columns of the first level that go."""
    kept = {field["name"] for field in new.get("schema") or []}
    return [f["name"] for f in old.get("schema") or [] if f["name"] not in kept]


def compare(
    name: str, old: JsonObject, new: JsonObject, policies: Sequence[str] = ()
) -> tuple[list[Detail], bool]:
    """What differs between canonical inputs, and whether the object is replaced for it.

    `policies` are the names of the table's row access policies.
    """
    moved = [key for key in _PLACE if old.get(key) != new.get(key)]
    found = [
        Detail(key, f"{key}: {old.get(key)} becomes {new.get(key)}", Loss.REVERSIBLE)
        for key in moved
    ]
    if kind(old) != kind(new):
        found.append(Detail("view", f"the {kind(old)} becomes a {kind(new)}", Loss.REVERSIBLE))
        return found, True
    replaced = bool(moved)
    for details, replaces in (
        column_changes.details(name, old.get("schema") or [], new.get("schema") or []),
        _query(old, new),
        _partitioning(name, old, new),
    ):
        found += details
        replaced = replaced or replaces
    if policies and dropped(old, new):
        text = f"it has row access policies ({', '.join(policies)}): the provider recreates it"
        found.append(
            Detail("schema", text, Loss.REVERSIBLE, "the policies are lost with the table")
        )
        replaced = True
    found += _options(name, old, new)
    for key in ("encryptionConfiguration", "rangePartitioning"):
        # A table that names no key keeps the one of its dataset (components/tables.py).
        kept = key == "encryptionConfiguration" and not new.get(key)
        if old.get(key) != new.get(key) and not kept:
            found.append(Detail(key, f"{key} changes", Loss.REVERSIBLE))
            replaced = True
    if old.get("externalDataConfiguration") != new.get("externalDataConfiguration"):
        found.append(
            Detail("externalDataConfiguration", "where its rows are read from", Loss.REVERSIBLE)
        )
    return found, replaced


def _query(old: JsonObject, new: JsonObject) -> tuple[list[Detail], bool]:
    block = "materializedView" if "materializedView" in old else "view"
    before, after = old.get(block) or {}, new.get(block) or {}
    details, replaced = [], False
    if before.get("query") != after.get("query"):
        # The API takes no new query for a materialized view.
        replaced = block == "materializedView"
        path = f"{block}.query"
        texts = before.get("query", ""), after.get("query", "")
        if sqltext.same(*texts):
            details.append(Detail(path, "layout or comments of the query"))
        else:
            reason = "recomputed from its tables" if replaced else "readers get different results"
            details.append(Detail(path, f"the query: {edited(*texts)}", Loss.REVERSIBLE, reason))
    rest = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    for key in sorted(rest - {"query"}):
        text = f"{key}: {before.get(key, False)} becomes {after.get(key, False)}"
        details.append(Detail(f"{block}.{key}", text, Loss.REVERSIBLE, "its freshness changes"))
        replaced = replaced or key == "allowNonIncrementalDefinition"
    return details, replaced


def _partitioning(name: str, old: JsonObject, new: JsonObject) -> tuple[list[Detail], bool]:
    before, after = old.get("timePartitioning") or {}, new.get("timePartitioning") or {}
    details, replaced = [], False
    if _layout(before) != _layout(after):
        text = f"partitioned by {_layout(before)} becomes {_layout(after)}"
        details.append(Detail("timePartitioning", text, Loss.REVERSIBLE))
        replaced = True
    held, kept = (_milliseconds(p.get("expirationMs")) for p in (before, after))
    if held != kept and after:
        text = f"partitions expire {_days(kept)} instead of {_days(held)}"
        details.append(_expiration(name, "timePartitioning.expirationMs", text, held, kept))
    clusters = [", ".join(side.get("clusterings") or []) or "nothing" for side in (old, new)]
    if clusters[0] != clusters[1]:
        details.append(
            Detail(
                "clusterings",
                f"clustered by {clusters[1]} instead of {clusters[0]}",
                Loss.REVERSIBLE,
                "existing rows keep their order until BigQuery sorts them again",
            )
        )
    filters = [
        bool(side.get("requirePartitionFilter") or p.get("requirePartitionFilter"))
        for side, p in ((old, before), (new, after))
    ]
    if filters[0] != filters[1]:
        text = "a partition filter is required" if filters[1] else "no partition filter is required"
        reason = (
            "queries without a filter fail" if filters[1] else "queries may scan the whole table"
        )
        details.append(Detail("requirePartitionFilter", text, Loss.REVERSIBLE, reason))
    return details, replaced


def _options(name: str, old: JsonObject, new: JsonObject) -> Iterator[Detail]:
    if old.get("description") != new.get("description"):
        yield Detail("description", "description")
    for key, (text, loss, reason) in _OPTIONS.items():
        if old.get(key) != new.get(key):
            yield Detail(key, text, loss, reason)
    if old.get("deletionProtection") != new.get("deletionProtection"):
        if new.get("deletionProtection"):
            yield Detail("deletionProtection", "protected against deletion")
        else:
            yield Detail(
                "deletionProtection",
                "no longer protected against deletion",
                Loss.REVERSIBLE,
                "the next change may delete it",
            )
    moments = [_milliseconds(side.get("expirationTime")) for side in (old, new)]
    # Without a value the provider keeps what the table has.
    if moments[0] != moments[1] and moments[1] is not None:
        text = "when the whole table expires"
        yield _expiration(name, "expirationTime", text, *moments)


def _expiration(name: str, path: str, text: str, held: int | None, kept: int | None) -> Detail:
    if kept is None or (held is not None and kept > held):
        return Detail(path, text)
    return Detail(
        path=path,
        text=text,
        loss=Loss.LOSSY,
        reason="BigQuery deletes older rows at once",
        allowance=f"{name}: shorten expiration",
    )


def _layout(partitioning: JsonObject) -> str:
    if not partitioning:
        return "nothing"
    return f"{partitioning.get('type')} of {partitioning.get('field', 'its load time')}"


def _milliseconds(value: Any) -> int | None:
    return int(value) if value else None


def _days(milliseconds: int | None) -> str:
    if milliseconds is None:
        return "never"
    days = milliseconds / DAY_MS
    return f"after {days:.12g} day" + ("" if days == 1 else "s")
