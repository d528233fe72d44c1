"""BigQuery's hard limits, checked before an `up` meets them halfway.

https://cloud.google.com/bigquery/quotas
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence

from pulumi_policy import Severity

from bqstack.analysis.object_limits import (
    DEEPEST_CALLS,
    DEEPEST_VIEWS,
    MOST_ARGUMENTS,
    STATEMENT_CHARACTERS,
    VIEW_CHARACTERS,
)
from bqstack.policy.rule import Member, Resource, Rule, known, of_type
from bqstack.unchecked import JsonMapping, JsonObject
from gcptypes import TYPES
from gcptypes.records import BIGQUERY, DATASET, ROUTINE, TABLE, TRANSFER

QUOTAS = "https://cloud.google.com/bigquery/quotas"
_REFERENCE = "https://cloud.google.com/bigquery/docs/reference/rest/v2"
_WORD = re.compile(r"[A-Za-z0-9_]+")
# Narrower than BigQuery, which takes letters, marks, digits, dashes and spaces of any script:
# names that need no quotes in every tool.
_TABLE_NAME = re.compile(r"[\w\-]+")
_COLUMN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# https://cloud.google.com/bigquery/docs/schemas#column_names
_RESERVED = ("_table_", "_file_", "_partition", "_row_timestamp", "__root__", "_colidentifier")
_NAMED = tuple(t for t, one in TYPES.items() if one.api == BIGQUERY and one.longest_name)
_COLUMN_LENGTH = 300
_COLUMN_TEXT = 1024
_DATASET_TEXT = 16_384
_MOST_COLUMNS = 10_000
_DEEPEST_COLUMN = 15
_MOST_CLUSTERING = 4
# https://cloud.google.com/bigquery/docs/clustered-tables#limitations
_NOT_CLUSTERED = frozenset(
    {"BYTES", "FLOAT", "FLOAT64", "INTERVAL", "JSON", "RECORD", "STRUCT", "TIME"}
)
_MOST_PARTITIONS = 10_000
_MOST_MATERIALIZED = 20
_PARTITION_MS = {
    "HOUR": 3_600_000,
    "DAY": 86_400_000,
    "MONTH": 2_678_400_000,
    "YEAR": 31_622_400_000,
}
# https://cloud.google.com/bigquery/docs/partitioned-tables
_PARTITIONED = {
    "HOUR": ("TIMESTAMP", "DATETIME"),
    **dict.fromkeys(("DAY", "MONTH", "YEAR"), ("DATE", "TIMESTAMP", "DATETIME")),
    "RANGE": ("INTEGER", "INT64"),
}
_YEARS_AHEAD = 10


def _name(resource: Resource) -> Iterator[str]:
    record = TYPES[resource.resource_type]
    key, most = record.own_name, record.longest_name
    name = resource.props.get(key) or ""
    if most and len(name) > most:
        yield f"{key} has {len(name):,} characters, {most:,} is the maximum"
    pattern = _TABLE_NAME if resource.resource_type == TABLE else _WORD
    if not pattern.fullmatch(name):
        yield f"{key} {name[:80]!r} has a character that BigQuery refuses"


def _columns(table: Resource) -> list[tuple[int, JsonObject]]:
    """All columns of a table with their depth, 1 at the top."""
    found: list[tuple[int, JsonObject]] = []

    def walk(columns: Sequence[JsonObject], depth: int) -> None:
        for column in columns:
            found.append((depth, column))
            walk(column.get("fields") or [], depth + 1)

    walk(json.loads(table.props.get("schema") or "[]"), 1)
    return found


def _column_names(table: Resource) -> Iterator[str]:
    seen: set[str] = set()
    for depth, column in _columns(table):
        name = column["name"]
        if len(name) > _COLUMN_LENGTH:
            yield f"column {name[:40]}… has {len(name)} characters, {_COLUMN_LENGTH} is the maximum"
        elif not _COLUMN_NAME.fullmatch(name) or name.lower().startswith(_RESERVED):
            yield f"{name!r} cannot be the name of a column"
        if depth == 1:
            if name.lower() in seen:
                yield f"column {name} appears twice"
            seen.add(name.lower())


def _column_count(table: Resource) -> Iterator[str]:
    columns = _columns(table)
    if len(columns) > _MOST_COLUMNS:
        yield f"{len(columns):,} columns, {_MOST_COLUMNS:,} is the maximum"
    deepest = max((depth for depth, _ in columns), default=0)
    if deepest > _DEEPEST_COLUMN:
        yield f"columns are nested {deepest} deep, {_DEEPEST_COLUMN} is the maximum"


def _descriptions(resource: Resource) -> Iterator[str]:
    if resource.resource_type == DATASET:
        text = resource.props.get("description") or ""
        if len(text) > _DATASET_TEXT:
            yield f"the description has {len(text):,} characters, {_DATASET_TEXT:,} is the maximum"
        return
    for _, column in _columns(resource):
        length = len(column.get("description") or "")
        if length > _COLUMN_TEXT:
            yield (
                f"the description of column {column['name']} has {length:,} characters, "
                f"{_COLUMN_TEXT:,} is the maximum"
            )


def _clustering(table: Resource) -> Iterator[str]:
    keys = list(table.props.get("clusterings") or [])
    if len(keys) > _MOST_CLUSTERING:
        yield f"{len(keys)} clustering columns, {_MOST_CLUSTERING} is the maximum"
    if not table.props.get("schema"):
        return
    top = {column["name"]: column for depth, column in _columns(table) if depth == 1}
    for key in keys:
        column = top.get(key)
        if column is None:
            yield f"clustering column {key} is not in the schema"
        elif column.get("mode") == "REPEATED" or column["type"] in _NOT_CLUSTERED:
            yield f"clustering column {key} has a type that cannot be sorted"


def _partition_column(table: Resource) -> Iterator[str]:
    time, span = table.props.get("timePartitioning"), table.props.get("rangePartitioning")
    key = (time or span or {}).get("field")
    # A materialized view has its columns from its query.
    if not key or not table.props.get("schema"):
        return
    top = {column["name"].lower(): column for depth, column in _columns(table) if depth == 1}
    column = top.get(key.lower())
    if column is None:
        yield f"partition column {key} is not in the schema"
        return
    fits = _PARTITIONED[time["type"] if time else "RANGE"]
    if column.get("mode") == "REPEATED" or column["type"] not in fits:
        mode = "REPEATED " if column.get("mode") == "REPEATED" else ""
        wanted = " or ".join(fits)
        yield f"partition column {key} is {mode}{column['type']}, it must be {wanted}"


def _partitions(table: Resource) -> Iterator[str]:
    time, span = table.props.get("timePartitioning"), table.props.get("rangePartitioning")
    if time:
        kept = time.get("expirationMs")
        length = _PARTITION_MS[time["type"]]
        # Without an end, what ten years fill.
        count = (kept or _YEARS_AHEAD * _PARTITION_MS["YEAR"]) / length
        if count > _MOST_PARTITIONS:
            until = "before they expire" if kept else f"in {_YEARS_AHEAD} years"
            yield f"{count:,.0f} partitions {until}, {_MOST_PARTITIONS:,} is the maximum"
    if span:
        limits = span["range"]
        count = (limits["end"] - limits["start"]) / limits["interval"]
        if count > _MOST_PARTITIONS:
            yield f"{count:,.0f} partitions, {_MOST_PARTITIONS:,} is the maximum"


def _legacy(view: Resource) -> Iterator[str]:
    # The provider's default is legacy SQL.
    found = view.props.get("view")
    if found and found.get("useLegacySql") is not False:
        yield "the view is written in legacy SQL"


def _legacy_query(resource: Resource) -> Iterator[str]:
    text = _texts(resource.props)
    if "#legacysql" in text.lower():
        yield "the text asks for legacy SQL"


def _texts(props: JsonMapping) -> str:
    query = (props.get("params") or {}).get("query")
    return query or props.get("definitionBody") or (props.get("view") or {}).get("query") or ""


def _arguments(routine: Resource) -> Iterator[str]:
    count = len(routine.props.get("arguments") or [])
    if count > MOST_ARGUMENTS:
        yield f"{count} arguments, {MOST_ARGUMENTS} is the maximum"


def _view_text(view: Resource) -> Iterator[str]:
    for key in ("view", "materializedView"):
        length = len((view.props.get(key) or {}).get("query") or "")
        if length > VIEW_CHARACTERS:
            yield f"the query has {length:,} characters, {VIEW_CHARACTERS:,} is the maximum"


def _query_text(resource: Resource) -> Iterator[str]:
    length = len(_texts(resource.props).encode())
    if length > STATEMENT_CHARACTERS:
        yield f"the text has {length:,} bytes, {STATEMENT_CHARACTERS:,} is the maximum"


def _view_depth(resources: Sequence[Member]) -> Iterator[tuple[str, str | None]]:
    def is_view(resource: Member) -> bool:
        return bool(known(resource.props, "view") or known(resource.props, "materializedView"))

    for view, depth in _chains(resources, TABLE, is_view):
        if depth == DEEPEST_VIEWS + 1:
            yield f"{view.name} is built on {DEEPEST_VIEWS} levels of views", view.urn


def _call_depth(resources: Sequence[Member]) -> Iterator[tuple[str, str | None]]:
    for routine, depth in _chains(resources, ROUTINE, lambda _: True):
        if depth == DEEPEST_CALLS + 1:
            yield f"{routine.name} starts a chain of {depth} calls", routine.urn


def _chains(
    resources: Sequence[Member], kind: str, counts: Callable[[Member], bool]
) -> Iterator[tuple[Member, int]]:
    """Each counted resource with the length of the longest chain that it stands on, itself in."""
    depths: dict[str, int] = {}

    def depth(resource: Member) -> int:
        if resource.urn not in depths:
            below = max((depth(needed) for needed in resource.dependencies), default=0)
            own = resource.resource_type == kind and counts(resource)
            depths[resource.urn] = below + own
        return depths[resource.urn]

    for resource in of_type(resources, kind):
        if counts(resource):
            yield resource, depth(resource)


def _materialized(resources: Sequence[Member]) -> Iterator[tuple[str, str | None]]:
    counts: dict[str, int] = {}
    names: dict[str, str] = {}
    for view in of_type(resources, TABLE):
        if known(view.props, "materializedView"):
            for base in of_type(view.dependencies, TABLE):
                counts[base.urn] = counts.get(base.urn, 0) + 1
                names[base.urn] = base.name
    for urn, count in counts.items():
        if count > _MOST_MATERIALIZED:
            yield (
                f"{count} materialized views read {names[urn]}, {_MOST_MATERIALIZED} is the"
                " maximum",
                urn,
            )


RULES = (
    Rule(
        id="bigquery-name",
        title="Names are valid in BigQuery",
        url=f"{_REFERENCE}/tables#tablereference",
        fix="letters, digits and _; at most 1,024 characters, 256 for a routine",
        severity=Severity.HIGH,
        on=_NAMED,
        check=_name,
    ),
    Rule(
        id="column-name",
        title="Column names are valid in BigQuery",
        url="https://cloud.google.com/bigquery/docs/schemas#column_names",
        fix="letters, digits and _, no reserved prefix, at most 300 characters, no duplicates",
        severity=Severity.HIGH,
        on=(TABLE,),
        check=_column_names,
    ),
    Rule(
        id="column-count",
        title="A table has at most 10,000 columns, nested at most 15 deep",
        url=f"{QUOTAS}#all_tables",
        fix="split the table, or keep the rare fields in a JSON column",
        severity=Severity.HIGH,
        on=(TABLE,),
        check=_column_count,
    ),
    Rule(
        id="description-length",
        title="Descriptions fit",
        url=f"{QUOTAS}#all_tables",
        fix="1,024 characters for a column, 16,384 for a dataset",
        severity=Severity.MEDIUM,
        on=(DATASET, TABLE),
        check=_descriptions,
    ),
    Rule(
        id="clustering-columns",
        title="A table is clustered by at most four plain columns of its own",
        url="https://cloud.google.com/bigquery/docs/clustered-tables#limitations",
        fix="name up to four top-level columns",
        severity=Severity.HIGH,
        on=(TABLE,),
        check=_clustering,
    ),
    Rule(
        id="partition-column",
        title="A table is partitioned by one of its own columns that holds a time or an integer",
        url="https://cloud.google.com/bigquery/docs/partitioned-tables#types_of_partitioning",
        fix="a top-level DATE, DATETIME or TIMESTAMP column; HOUR does not work with DATE",
        severity=Severity.HIGH,
        on=(TABLE,),
        check=_partition_column,
    ),
    Rule(
        id="partition-count",
        title="A table stays below 10,000 partitions for ten years",
        url=f"{QUOTAS}#partitioned_tables",
        fix="use longer partitions, or partition_expiration_days",
        severity=Severity.HIGH,
        on=(TABLE,),
        check=_partitions,
    ),
    Rule(
        id="no-legacy-view",
        title="A view is not in legacy SQL",
        url="https://cloud.google.com/bigquery/docs/reference/standard-sql/migrating-from-legacy-sql",
        fix="use_legacy_sql=False",
        severity=Severity.HIGH,
        on=(TABLE,),
        check=_legacy,
    ),
    Rule(
        id="no-legacy-sql",
        title="No text asks for legacy SQL",
        url="https://cloud.google.com/bigquery/docs/introduction-sql#bigquery-sql-dialects",
        fix="write GoogleSQL",
        severity=Severity.HIGH,
        on=(ROUTINE, TABLE, TRANSFER),
        check=_legacy_query,
    ),
    Rule(
        id="routine-arguments",
        title="A routine has at most 256 arguments",
        url=f"{QUOTAS}#routines",
        fix="pass a STRUCT or an ARRAY",
        severity=Severity.HIGH,
        on=(ROUTINE,),
        check=_arguments,
    ),
    Rule(
        id="view-text",
        title="The query of a view has at most 256K characters",
        url=f"{QUOTAS}#view_limits",
        fix="move parts into views or table functions",
        severity=Severity.HIGH,
        on=(TABLE,),
        check=_view_text,
    ),
    Rule(
        id="query-text",
        title="The text of a query or routine has at most 1 MB",
        url=f"{QUOTAS}#query_jobs",
        fix="move parts into routines, data into tables",
        severity=Severity.HIGH,
        on=(ROUTINE, TRANSFER),
        check=_query_text,
    ),
    Rule(
        id="view-depth",
        title="Views are nested at most 15 levels deep",
        url=f"{QUOTAS}#view_limits",
        fix="read the tables, or a materialized view",
        severity=Severity.HIGH,
        stack_check=_view_depth,
    ),
    Rule(
        id="call-depth",
        title="Calls of routines are nested at most 16 deep",
        url=f"{QUOTAS}#routines",
        fix="call routines one after the other instead of nesting the calls",
        severity=Severity.HIGH,
        stack_check=_call_depth,
    ),
    Rule(
        id="materialized-views",
        title="At most 20 materialized views of a dataset read one table",
        url=f"{QUOTAS}#materialized_view_limits",
        fix="merge views that group by the same columns",
        severity=Severity.MEDIUM,
        stack_check=_materialized,
    ),
)
