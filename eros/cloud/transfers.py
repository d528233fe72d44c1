"""Runs of scheduled queries through the Data Transfer API."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from google.api_core.exceptions import GoogleAPICallError
from google.cloud import bigquery_datatransfer_v1 as datatransfer
from google.protobuf.timestamp_pb2 import Timestamp

from bqstack.errors import UserError
from eros.cloud.google import Google
from eros.project.schedules import TransferConfig

FAILED = datatransfer.TransferState.FAILED
_ENDED = (
    datatransfer.TransferState.SUCCEEDED,
    datatransfer.TransferState.FAILED,
    datatransfer.TransferState.CANCELLED,
)


@dataclass(frozen=True)
class Run:
    """A transfer run that has ended; `seconds` is from its start to its end."""

    name: str
    state: str
    seconds: float
    error: str

    @property
    def succeeded(self) -> bool:
        """Whether the run did its work."""
        return self.state == "SUCCEEDED"


def find(google: Google, config: TransferConfig) -> datatransfer.TransferConfig:
    """The deployed config; raises UserError when there is none.

    Data Transfer names configs by number, and display names are not unique, so both the
    display name and the query must agree.
    """
    settings = google.settings
    parent = f"projects/{settings.project}/locations/{settings.location}"
    for deployed in google.transfers.list_transfer_configs(parent=parent):
        same_query = dict(deployed.params).get("query") == config.query
        if deployed.display_name == config.title and same_query:
            return deployed
    raise UserError(
        f"the scheduled query {config.title!r} is not deployed as config/schedules.yaml states it",
        fix=f"pulumi up --stack {settings.stack}",
    )


def deployed(
    google: Google, configs: Sequence[TransferConfig], timeout: float | None = None
) -> list[datatransfer.TransferConfig]:
    """This stack's schedules as they are deployed.

    A config of the same title that works on another dataset is another stack's. Raises one of
    `eros.cloud.google.FAILURES`; `timeout` is in seconds.
    """
    settings = google.settings
    parent = f"projects/{settings.project}/locations/{settings.location}"
    limit: dict[str, Any] = {} if timeout is None else {"timeout": timeout, "retry": None}
    titles = {config.title for config in configs}
    return [
        found
        for found in google.transfers.list_transfer_configs(parent=parent, **limit)
        if found.display_name in titles
        and settings.dataset_reference in str(dict(found.params).get("query", ""))
    ]


def doubled(google: Google, configs: Sequence[TransferConfig]) -> dict[str, list[str]]:
    """Titles of this stack's schedules that are deployed more than once, with all their names.

    Raises one of `eros.cloud.google.FAILURES`.
    """
    found: dict[str, list[str]] = {}
    for one in deployed(google, configs):
        found.setdefault(one.display_name, []).append(one.name)
    return {title: names for title, names in found.items() if len(names) > 1}


def run(google: Google, config: TransferConfig, run_time: datetime, timeout: float = 900) -> Run:
    """Start a manual run for `run_time` (UTC) and wait for it, at most `timeout` seconds.

    Raises UserError when it does not end in time or the service refuses it.
    """
    requested = Timestamp()
    requested.FromDatetime(run_time)
    request = datatransfer.StartManualTransferRunsRequest(
        parent=find(google, config).name, requested_run_time=requested
    )
    try:
        (started,) = google.transfers.start_manual_transfer_runs(request).runs
    except GoogleAPICallError as error:
        raise UserError(f"{config.title}: {error.message}") from None
    return _wait(google, started.name, config.title, timeout)


def has_succeeded(google: Google, config: TransferConfig) -> bool:
    """Whether the deployed config has a run that did its work."""
    request = datatransfer.ListTransferRunsRequest(
        parent=find(google, config).name, states=[datatransfer.TransferState.SUCCEEDED]
    )
    return any(True for _ in google.transfers.list_transfer_runs(request))


def last_success(
    google: Google, configs: Sequence[TransferConfig], since: datetime
) -> datetime | None:
    """Run time of the newest run of these schedules that did its work; None where none has.

    Google does not say in which order it lists runs. A page that has one after `since` is enough,
    otherwise all are read. Raises one of `eros.cloud.google.FAILURES`.
    """
    newest: datetime | None = None
    for config in deployed(google, configs):
        request = datatransfer.ListTransferRunsRequest(
            parent=config.name, states=[datatransfer.TransferState.SUCCEEDED]
        )
        for page in google.transfers.list_transfer_runs(request).pages:
            # Datetimes at run time, whatever the annotations of the client say.
            times: list[datetime] = [cast("Any", run).run_time for run in page.transfer_runs]
            newest = max([*times, *([newest] if newest else [])], default=None)
            if newest and newest > since:
                return newest
    return newest


def _wait(google: Google, name: str, title: str, timeout: float) -> Run:
    deadline = time.monotonic() + timeout
    pause = 0.1
    while time.monotonic() < deadline:
        current = google.transfers.get_transfer_run(name=name)
        if current.state in _ENDED:
            # Datetimes at run time, whatever the annotations of the client say.
            times: Any = current
            seconds = (times.end_time - times.start_time).total_seconds()
            return Run(name, current.state.name, seconds, current.error_status.message)
        time.sleep(pause)
        pause = min(pause * 1.5, 5)
    raise UserError(f"{title}: the run has not ended after {timeout:.0f} s", value=name)
