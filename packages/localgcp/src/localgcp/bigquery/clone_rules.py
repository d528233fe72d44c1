"""What may be cloned, restored and dropped as a snapshot, and as of which moment.

local-bigquery 0.4.0 clones whatever has rows, a view included, dates every clone now, and drops a
table as a snapshot.
https://cloud.google.com/bigquery/docs/table-clones-intro#limitations
https://cloud.google.com/bigquery/docs/table-snapshots-intro#limitations
"""

from __future__ import annotations

import datetime
from typing import Any

from local_bigquery.catalog import datasets, metadata, names, tables
from local_bigquery.errors import BigQueryError
from local_bigquery.models import Table
from local_bigquery.sql.translate import translate
from sqlglot import exp

Path = tuple[str, str, str]

_CLONED = ("TABLE", "SNAPSHOT")


def check(tree: exp.Expression, context: Any) -> None:
    """Refuse a CREATE or DROP that Google refuses; raises BigQueryError."""
    is_snapshot = bool(tree.meta.get("snapshot"))
    clone = tree.args.get("clone") if isinstance(tree, exp.Create) else None
    if isinstance(tree, exp.Create) and is_snapshot and (not clone or clone.args.get("copy")):
        raise BigQueryError("invalidQuery", "Syntax error: Expected keyword CLONE")
    if clone:
        source = _path(clone.this, context)
        kind = source_type(source)
        if kind == "SNAPSHOT" and _time(clone):
            raise BigQueryError(
                "invalidQuery",
                f"FOR SYSTEM_TIME AS OF cannot be used with the table snapshot {_label(source)}",
            )
        refuse_other_region(source, _path(tree.this, context))
    elif isinstance(tree, exp.Drop) and (tree.args.get("kind") or "").upper() == "TABLE":
        _check_drop(_path(tree, context), is_snapshot)


def source_type(source: Path) -> str:
    """TABLE or SNAPSHOT; raises BigQueryError for what cannot be cloned or is not there."""
    kind = tables.load(*source).type or "TABLE"
    if kind not in _CLONED:
        raise BigQueryError(
            "invalid",
            f"{_label(source)} is not allowed for this operation because it is currently a {kind}.",
        )
    return kind


def is_in_one_region(source: Path, target: Path) -> bool:
    """Whether both datasets are in the same location; raises BigQueryError for a missing one."""
    one, other = (datasets.get(*path[:2]).location or "US" for path in (source, target))
    return one.upper() == other.upper()


def refuse_other_region(source: Path, target: Path) -> None:
    """A query runs in one location and finds no dataset of another; raises BigQueryError."""
    if not is_in_one_region(source, target):
        place = datasets.get(*target[:2]).location
        raise BigQueryError(
            "notFound",
            f"Not found: Dataset {source[0]}:{source[1]} was not found in location {place}",
        )


def moment(cur: Any, tree: exp.Expression, context: Any) -> datetime.datetime | None:
    """What FOR SYSTEM_TIME AS OF of a clone says, None without."""
    when = _time(tree.args["clone"])
    if when is None:
        return None
    # A context knows which parameters a statement has used.
    before = set(context.used)
    try:
        stamp = exp.cast(when.expression.copy(), exp.DataType.Type.TIMESTAMPTZ)
        sql, bound = translate(exp.select(stamp), context)
        microseconds = f"SELECT epoch_us(moment) FROM ({sql}) AS said (moment)"
        [(found,)] = cur.execute(microseconds, bound).fetchall()
    finally:
        context.used.clear()
        context.used.update(before)
    return None if found is None else datetime.datetime.fromtimestamp(found / 1e6, datetime.UTC)


def date(target: Path, then: datetime.datetime) -> None:
    """Write down as of which moment the clone or snapshot was made."""
    stored = metadata.load(Table, *target)
    if stored is None:
        return
    text = then.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    for key, time in (("cloneDefinition", "cloneTime"), ("snapshotDefinition", "snapshotTime")):
        if definition := getattr(stored, key):
            changed = {key: {**definition.dump(), time: text}}
            tables.record(*target, stored.merged(Table.model_validate(changed)))


def _time(clone: exp.Expression) -> exp.Expression | None:
    """FOR SYSTEM_TIME AS OF, before and after local-bigquery has translated it."""
    found: exp.Expression | None = clone.this.args.get("version") or clone.this.args.get("when")
    return found


def _check_drop(target: Path, is_snapshot: bool) -> None:
    if not tables.exists(*target):
        return
    kind = tables.load(*target).type
    if is_snapshot != (kind == "SNAPSHOT") and kind in _CLONED:
        raise BigQueryError("invalid", f"Cannot drop {_label(target)} which has type {kind}")


def _path(node: exp.Expression, context: Any) -> Path:
    table = node if isinstance(node, exp.Table) else node.find(exp.Table)
    project, dataset, name = names.reference(table, context.project_id, context.dataset_id)
    return project, dataset or "", name


def _label(path: Path) -> str:
    label: str = names.label(*path)
    return label
