"""Tables with row access policies: the provider replaces them when a column is dropped.

BigQuery drops no column of a table that has policies, so the provider (terraform-provider-google
7.3, `resourceBigQueryTableSchemaIsChangeable`) looks for them and deletes the table instead, rows
and policies. No input says so: BigQuery has to be asked.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

import pulumi

from bqstack import row_access
from bqstack.connection import Connect
from bqstack.errors import UserError
from bqstack.failures import FAILURES
from bqstack.guard.change import Change

_SECONDS = 10


def known(
    connect: Connect, lesser: list[Change], warn: Callable[[str], None]
) -> dict[str, list[str]]:
    """Names of the row access policies of tables that lose a column, by urn; raises UserError.

    A preview that gets no answer warns; an update is refused.
    """
    found = policies(connect, lesser)
    if found is not None:
        return found
    names = ", ".join(change.name for change in lesser)
    text = (
        f"BigQuery does not say whether {names} has row access policies; if so, the"
        " provider deletes the table to drop a column"
    )
    if not pulumi.runtime.is_dry_run():
        raise UserError(f"{text}; nothing has been changed", fix="try again once it answers")
    warn(text)
    return {}


def policies(
    connect: Connect, changes: Iterable[Change], seconds: float = _SECONDS
) -> dict[str, list[str]] | None:
    """Names of the policies of each table, by urn; None when BigQuery does not say in time."""
    found: dict[str, list[str]] = {}
    answered = threading.Event()
    done = threading.Event()
    wanted = list(changes)

    def ask() -> None:
        try:
            client = connect().bigquery
            for change in wanted:
                place = (change.old[key] for key in ("project", "datasetId", "tableId"))
                found[change.urn] = sorted(row_access.policies(client, *place))
            answered.set()
        except (UserError, *FAILURES):
            pass  # no answer: the caller decides what that means
        finally:
            done.set()

    # A thread that ends with the process: credentials alone may take longer than a person waits.
    threading.Thread(target=ask, daemon=True).start()
    done.wait(seconds)
    return dict(found) if answered.is_set() else None
