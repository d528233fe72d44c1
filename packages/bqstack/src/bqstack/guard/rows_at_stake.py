"""How many rows a lossy change puts at stake, asked of BigQuery while it answers quickly."""

from __future__ import annotations

import threading
from typing import Any

from sqlglot import exp

from bqstack import partition_filter, row_access
from bqstack.connection import Connect
from bqstack.errors import UserError
from bqstack.failures import FAILURES
from bqstack.guard import table_changes
from bqstack.guard.change import Change, Detail
from bqstack.unchecked import JsonObject

UNKNOWN = "rows at stake: unknown"
_HIDDEN = f"{UNKNOWN}, row access policies may hide some from you"
_SECONDS = 10
_MILLISECONDS_PER_DAY = 24 * 60 * 60 * 1000


def counted(
    connect: Connect, refused: list[tuple[Change, list[Detail]]], seconds: float = _SECONDS
) -> dict[tuple[str, str], str]:
    """Words by urn and path of the detail; what is not known in time says so."""
    wanted = [
        (change, detail, asked)
        for change, details in refused
        for detail in details
        if (asked := query(change, detail)) is not None
    ]
    found = {(change.urn, detail.path): UNKNOWN for change, detail, _ in wanted}
    if not wanted:
        return found
    done = threading.Event()

    def ask() -> None:
        try:
            client = connect().bigquery
            for change, detail, asked in wanted:
                old = change.old
                place = (old["project"], old["datasetId"], old["tableId"])
                if row_access.hiding(client, *place):
                    found[change.urn, detail.path] = _HIDDEN
                    continue
                (row,) = client.query_and_wait(asked, wait_timeout=seconds)
                found[change.urn, detail.path] = _words(change, detail, row)
        except (UserError, *FAILURES):
            pass  # what has no answer stays unknown, and is shown as unknown
        finally:
            done.set()

    # A thread that ends with the process: credentials alone may take longer than a person waits.
    threading.Thread(target=ask, daemon=True).start()
    done.wait(seconds)
    return dict(found)


def query(change: Change, detail: Detail) -> str | None:
    """SELECT of `held` and `total`, or None where no rows are at stake."""
    old = change.old
    if change.type != table_changes.TYPE or not table_changes.holds_rows(dict(old)):
        return None
    held: exp.Expression = exp.Count(this=exp.Star())
    fields = {field["name"]: field for field in old.get("schema") or []}
    if detail.path == "timePartitioning.expirationMs":
        held = exp.CountIf(this=_expired(change, fields))
    elif _counts_values(change, detail):
        column = exp.column(detail.column, table=partition_filter.ROW, quoted=True)
        held = exp.CountIf(this=exp.Not(this=exp.Is(this=column, expression=exp.Null())))
    source = exp.table_(old["tableId"], db=old["datasetId"], catalog=old["project"], quoted=True)
    select = exp.select(exp.alias_(held, "held"), exp.alias_(exp.Count(this=exp.Star()), "total"))
    select = select.from_(exp.alias_(source, partition_filter.ROW, table=True))
    if every_row := partition_filter.every_row(old):
        select = select.where(every_row, dialect="bigquery")
    return select.sql("bigquery")


def _counts_values(change: Change, detail: Detail) -> bool:
    """Whether the rows at stake are those that hold a value in the column of the detail."""
    modes = {field["name"]: field.get("mode") for field in change.old.get("schema") or []}
    return detail.column in modes and modes[detail.column] != "REPEATED"


def _expired(change: Change, fields: JsonObject) -> exp.Expression:
    """Whether a row's partition is older than the new expiration."""
    column = partition_filter.column(change.old)
    if column is None or (column not in fields and column != partition_filter.INGESTION_TIME):
        return exp.true()
    days = int(change.new["timePartitioning"]["expirationMs"]) / _MILLISECONDS_PER_DAY
    today = exp.CurrentTimestamp()
    limit = exp.TimestampSub(
        this=today,
        expression=exp.Literal.number(round(days * 24)),
        unit=exp.var("HOUR"),
    )
    own = exp.column(column, table=partition_filter.ROW, quoted=True)
    moment = exp.cast(own, "TIMESTAMP", dialect="bigquery")
    return exp.LT(this=moment, expression=limit)


def _words(change: Change, detail: Detail, row: Any) -> str:
    if row["total"] == 0:
        return "rows at stake: none, the table is empty"
    of = f" of {row['total']:,}" if row["held"] != row["total"] else ""
    what = " with a value" if _counts_values(change, detail) else ""
    return f"rows at stake: {row['held']:,}{of}{what}"
