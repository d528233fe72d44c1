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
class Told:
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
) -> Told:
    """Ask BigQuery for `seconds` at most; `tables` are names in `dataset`."""
    told = Told(reason="BigQuery did not answer in time")
    done = threading.Event()
    wanted, texts = sorted(tables), sorted(set(queries))

    def run() -> None:
        try:
            _ask(connect(), dataset, wanted, texts, told)
            told.reason = ""
        except (UserError, *FAILURES) as error:
            told.reason = str(getattr(error, "message", "") or error).splitlines()[0]
        done.set()

    # A thread that ends with the process: looking for credentials may take long.
    threading.Thread(target=run, daemon=True).start()
    done.wait(seconds)
    return Told(dict(told.rows), dict(told.bytes), told.reason)


def _ask(
    google: Connection, dataset: str, tables: list[str], queries: list[str], told: Told
) -> None:
    from google.cloud.bigquery import QueryJobConfig

    client = google.bigquery
    client.get_dataset(dataset)  # nobody to ask, or nothing there: one error, not many
    for name in tables:
        with suppress(*FAILURES):  # a table that is not there yet is not known, not wrong
            rows = client.get_table(f"{dataset}.{name}").num_rows
            if rows is not None:
                told.rows[name] = rows
    if google.is_local:
        return  # the emulator's dry run says 0 bytes of everything
    dry = QueryJobConfig(dry_run=True, use_query_cache=False)
    for text in queries:
        with suppress(*FAILURES):  # nor is a query over one
            scanned = client.query(text, job_config=dry).total_bytes_processed
            if scanned is not None:
                told.bytes[text] = scanned
