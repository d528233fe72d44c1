"""What only BigQuery knows: rows of tables, and the bytes of a query by dry run."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from bqstack.connection import Connect, Connection
from bqstack.errors import UserError
from bqstack.failures import FAILURES

_SECONDS = 20


@dataclass
class CloudFigures:
    """Answers in time; empty where BigQuery was not asked or did not answer."""

    rows: dict[str, int] = field(default_factory=dict)
    bytes: dict[str, int] = field(default_factory=dict)
    """Bytes that a query would scan, by its text."""
    reason: str = ""
    """Why there are none, in words."""


def ask(
    connect: Connect,
    dataset: str,
    tables: Iterable[str],
    queries: Iterable[str],
    seconds: float = _SECONDS,
) -> CloudFigures:
    """Ask BigQuery for `seconds` at most; `tables` are names in `dataset`."""
    figures = CloudFigures(reason="BigQuery did not answer in time")
    done = threading.Event()
    wanted, texts = sorted(tables), sorted(set(queries))

    def run() -> None:
        try:
            _ask(connect(), dataset, wanted, texts, figures)
            figures.reason = ""
        except (UserError, *FAILURES) as error:
            figures.reason = str(getattr(error, "message", "") or error).splitlines()[0]
        done.set()

    # A thread that ends with the process: looking for credentials may take long.
    threading.Thread(target=run, daemon=True).start()
    done.wait(seconds)
    return CloudFigures(dict(figures.rows), dict(figures.bytes), figures.reason)


def _ask(
    google: Connection, dataset: str, tables: list[str], queries: list[str], figures: CloudFigures
) -> None:
    from google.cloud.bigquery import QueryJobConfig

    client = google.bigquery
    client.get_dataset(dataset)  # nobody to ask, or nothing there: one error, not many
    for name in tables:
        with suppress(*FAILURES):  # a table that is not there yet is not known, not wrong
            rows = client.get_table(f"{dataset}.{name}").num_rows
            if rows is not None:
                figures.rows[name] = rows
    if google.is_local:
        return  # the emulator's dry run says 0 bytes of everything
    dry = QueryJobConfig(dry_run=True, use_query_cache=False)
    for text in queries:
        with suppress(*FAILURES):  # nor is a query over one
            scanned = client.query(text, job_config=dry).total_bytes_processed
            if scanned is not None:
                figures.bytes[text] = scanned
