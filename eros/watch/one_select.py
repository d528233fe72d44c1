"""One SELECT of a person: what it would read, then its rows.

Only reading is allowed: BigQuery says in a dry run which kind of statement it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bqstack import amounts
from bqstack.errors import UserError
from eros.cloud.google import Google
from eros.project.settings import Settings
from eros.watch.monitor_query import Answer

if TYPE_CHECKING:
    from google.cloud import bigquery

_TEBIBYTE = 2**40
_READING = "SELECT"


@dataclass(frozen=True)
class Estimate:
    """What BigQuery says before it runs a query; None from the local cloud, which does not."""

    bytes: int | None

    def words(self, settings: Settings) -> str:
        """Bytes, their list price, and the limit of the stack."""
        if self.bytes is None:
            return "the local cloud cannot estimate how many bytes a query reads"
        usd = self.bytes / _TEBIBYTE * settings.prices.query_usd_per_tib
        limit = amounts.size(settings.limits.maximum_bytes_billed)
        return f"reads {amounts.size(self.bytes)} ({amounts.usd(usd)} on demand; at most {limit})"


@dataclass(frozen=True)
class Found:
    """Rows that were fetched, and how many there are."""

    answer: Answer
    total: int


def estimate(google: Google, sql: str) -> Estimate:
    """What the query would read.

    Raises UserError when it is no SELECT, or reads more than `eros:limits` allows.
    """
    job = google.bigquery.query(sql, job_config=_config(google, dry_run=True))
    kind = job.statement_type
    if kind != _READING:
        raise UserError(
            f"eros query only reads; this is {kind or 'no statement that BigQuery knows'}",
            fix="use one SELECT (WITH ... SELECT works, too); to change data use "
            "eros run, eros deploy or the console",
        )
    if google.is_local:
        return Estimate(None)
    reads = job.total_bytes_processed or 0
    limit = google.settings.limits.maximum_bytes_billed
    if reads > limit:
        raise UserError(
            f"the query would read {amounts.size(reads)}, more than the {amounts.size(limit)}"
            " allowed for one job",
            fix="filter by the partition's column or name fewer columns; "
            "eros:limits.maximumBytesBilled in the stack file is the limit",
        )
    return Estimate(reads)


def run(google: Google, sql: str, *, limit: int) -> Found:
    """The first `limit` rows, 0 for all. Raises UserError when none come in time."""
    seconds = google.settings.limits.interactive_timeout_seconds
    try:
        rows = google.bigquery.query_and_wait(
            sql,
            job_config=_config(google),
            max_results=limit or None,
            wait_timeout=seconds,
        )
        values = [row.values() for row in rows]
    except TimeoutError:
        raise UserError(
            f"no answer within {seconds} s",
            fix="eros:limits.interactiveTimeoutSeconds in the stack file sets how long to wait",
        ) from None
    columns = tuple(field.name for field in rows.schema)
    return Found(Answer(columns, values), rows.total_rows or len(values))


def _config(google: Google, **options: object) -> bigquery.QueryJobConfig:
    """Tables without a dataset are the stack's own."""
    from google.cloud import bigquery

    settings = google.settings
    return bigquery.QueryJobConfig(
        default_dataset=f"{settings.project}.{settings.dataset}", **options
    )
