"""Statements of backups and restores: who is charged, what they may cost, what they say.

The limits of the settings hold for the scheduled queries. A backup reads whole tables, so its
limit follows from their size, and its time from `backup.jobTimeoutSeconds`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from google.api_core.exceptions import BadRequest, Forbidden, NotFound

from bqstack import partition_filter
from bqstack.errors import UserError
from bqstack.failures import explained
from eros.cloud.google import Google
from eros.project.settings import Settings

if TYPE_CHECKING:
    from google.cloud import bigquery

# BigQuery bills at least this for each table that a query reads.
_MINIMUM_BILLED = 10 * 2**20
# Snapshots, exports and loads that run side by side.
_WORKERS = 8


def config(
    google: Google, sizes: Iterable[int] = (), *, is_awaited: bool = False, **options: Any
) -> bigquery.QueryJobConfig:
    """Configuration of a statement that reads tables of these logical sizes, each twice at most.

    What works on whole tables takes minutes by design and runs as batch, so that the waiting of
    people (A02) is not measured by it; `is_awaited` is for the short questions.
    """
    from google.cloud import bigquery

    settings = google.settings
    bounds = [2 * max(size, _MINIMUM_BILLED) for size in sizes]
    bound = sum(bounds)
    priority = bigquery.QueryPriority
    return bigquery.QueryJobConfig(
        labels=labels(settings),
        priority=priority.INTERACTIVE if is_awaited else priority.BATCH,
        maximum_bytes_billed=max(settings.limits.maximum_bytes_billed, bound),
        job_timeout_ms=settings.backup.job_timeout_seconds * 1000,
        **options,
    )


def labels(settings: Settings) -> dict[str, str]:
    """Labels of every job."""
    return {"component": "backup", **settings.all_labels}


def rows(
    google: Google,
    sql: str,
    sizes: Iterable[int] = (),
    parameters: Sequence[bigquery.ScalarQueryParameter | bigquery.ArrayQueryParameter] = (),
) -> list[bigquery.Row]:
    """The rows of a query; raises UserError when what it needs is missing or forbidden.

    Without sizes it asks a short question, whose answer somebody waits for.
    """
    known = list(sizes)
    job_config = config(google, known, is_awaited=not known, query_parameters=list(parameters))
    with refusals(google.settings):
        return list(google.bigquery.query(sql, job_config=job_config).result())


def now(google: Google) -> datetime:
    """The time that BigQuery has: a laptop's clock may be wrong, time travel counts by this."""
    [row] = rows(google, "SELECT CURRENT_TIMESTAMP() AS moment")
    moment: datetime = row.moment
    return moment


def side_by_side[Item, Result](
    work: Callable[[Item], Result], items: Iterable[Item]
) -> list[Result]:
    """The results in the order of the items; the first failure ends what has not begun."""
    with ThreadPoolExecutor(_WORKERS, thread_name_prefix="backup") as pool:
        futures = [pool.submit(work, item) for item in items]
        try:
            return [future.result() for future in futures]
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


@contextmanager
def refusals(settings: Settings) -> Iterator[None]:
    """Google's refusals in words that say what to do."""
    place = f"{settings.project}.{settings.backup.dataset}"
    try:
        yield
    except NotFound as error:
        raise UserError(explained(error), fix=f"pulumi up --stack {settings.stack}") from error
    except Forbidden as error:
        raise UserError(
            explained(error),
            fix=f"add yourself to eros:backup.operators; that grants roles/bigquery.dataOwner on "
            f"{settings.dataset} and {place}, and the bucket {settings.backup.bucket}",
        ) from error
    except BadRequest as error:
        raise UserError(explained(error)) from error


def counting(table: str, where: str | None) -> str:
    """SQL for the number of rows of a quoted table."""
    counted = f"SELECT COUNT(*) FROM {table} AS {partition_filter.ROW}"
    return counted + (f" WHERE {where}" if where else "")


def quoted(*parts: str) -> str:
    """A name in SQL, each part quoted on its own."""
    return ".".join(f"`{part}`" for part in parts)


def literal(moment: datetime) -> str:
    """A moment in SQL: statements that define a table take no parameters."""
    return f"TIMESTAMP '{moment.isoformat(sep=' ')}'"
