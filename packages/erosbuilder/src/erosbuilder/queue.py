"""The request queue, from the claim of a request to its end (docs/builder.md).

Each method is one call of a procedure or one statement, and safe to repeat after a lost answer:
a builder that dies between any two of them loses nothing and doubles nothing.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from google.api_core.exceptions import BadRequest
from google.cloud import bigquery

# What `finish_claimed_request` says when another builder may have the request by now.
_LOST = "does not hold the request"
# A reason is for people: the queue and the alerts show it in one line.
_REASON_LENGTH = 500


class ClaimLost(Exception):
    """The lease of a request ended, and another builder may have it. Its captions stay locked."""


@dataclass(frozen=True)
class Caption:
    """A caption that is locked for a page and a send date."""

    assignment_id: str
    """Identifies the lock; unique, so it is a good key for a row of the schedule."""
    caption_id: str
    caption_text: str | None
    """None where the caption has left the library since it was locked."""


@dataclass(frozen=True)
class Request:
    """A schedule that a page asks for, held by one builder until its lease ends."""

    builder: Builder = field(repr=False)
    page_name: str
    execution_date: dt.date
    """Business day that asked for the schedule."""
    saturation_pct: float | None
    """How much of the page's pool is in use, in percent."""
    attempts: int
    """Attempts that have failed. Above 0 another builder may have locked captions already."""
    claimed_at: dt.datetime
    """Identifies the claim: the same request claimed again has another time."""

    def held(self, send_date: dt.date) -> list[Caption]:
        """Captions that are locked for the page and date already, by whomever; oldest first."""
        rows = self.builder.query(
            "SELECT assignment_id, caption_id, caption_text"
            " FROM {dataset}.held_captions(@page, @date) ORDER BY assigned_at, assignment_id",
            page=self.page_name,
            date=send_date,
        )
        return [Caption(**row) for row in rows]

    def captions(self, send_date: dt.date, count: int, seed: int | None = None) -> list[Caption]:
        """Up to `count` captions for a send date, locked for the page.

        Those that a builder before this one was given come first, so that a request which is
        taken over gets what it was given and no more. Fewer than `count` where the day is full or
        the page's pool is empty. Raises google.api_core.exceptions.BadRequest for a date in the
        past or more than a year ahead, and for a count above the stack's limit; ValueError for a
        count below 1.
        """
        if count < 1:
            raise ValueError(f"count must be 1 or more, but is {count}")
        held = self.held(send_date)[:count]
        if len(held) == count:
            return held
        rows = self.builder.query(
            "CALL {dataset}.select_captions_for_creator(@page, @date, @count, @seed)",
            page=self.page_name,
            date=send_date,
            count=count - len(held),
            seed=seed,
        )
        names = ("assignment_id", "caption_id", "caption_text")
        return held + [Caption(**{name: row[name] for name in names}) for row in rows]

    def exported(self, send_date: dt.date, rows: int, destination: str) -> None:
        """Log that the schedule was written. Repeating the call leaves one row for the claim."""
        self._log(send_date, "SUCCESS", rows, destination, None)

    def finish(self) -> None:
        """Close the request as COMPLETED. Repeating the call changes nothing.

        Raises ClaimLost where the lease has ended and the request was given to somebody else.
        """
        self._close(None)

    def fail(self, reason: str, send_date: dt.date | None = None) -> None:
        """Give the request back: to the queue, or as FAILED after its last attempt.

        With a send date the failure stands in the export log as well. Raises ClaimLost as
        `finish` does.
        """
        reason = " ".join(reason.split())[:_REASON_LENGTH] or "no reason given"
        if send_date is not None:
            self._log(send_date, "FAILED", 0, None, reason)
        self._close(reason)

    def _close(self, failure: str | None) -> None:
        try:
            self.builder.query(
                "CALL {dataset}.finish_claimed_request(@builder, @page, @date, @claimed, @failure)",
                builder=self.builder.name,
                page=self.page_name,
                date=self.execution_date,
                claimed=self.claimed_at,
                failure=failure,
            )
        except BadRequest as error:
            if _LOST in str(error):
                raise ClaimLost(
                    f"the request of page {self.page_name!r} for {self.execution_date} is not"
                    f" held by {self.builder.name!r} any more; its lease may have ended"
                ) from error
            raise

    def _log(
        self,
        send_date: dt.date,
        status: str,
        rows: int,
        destination: str | None,
        failure: str | None,
    ) -> None:
        self.builder.query(
            """
            MERGE INTO {dataset}.schedule_export_log AS log
            USING (SELECT @export AS export_id) AS export
                ON
                    log.export_id = export.export_id
                    AND log.export_timestamp >= @claimed
            WHEN NOT MATCHED THEN
                INSERT (
                    export_timestamp,
                    page_name,
                    status,
                    execution_time_seconds,
                    export_id,
                    schedule_date,
                    row_count,
                    destination,
                    error_message
                )
                VALUES (
                    CURRENT_TIMESTAMP(),
                    @page,
                    @status,
                    TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), @claimed, MILLISECOND) / 1000,
                    export.export_id,
                    @date,
                    @rows,
                    @destination,
                    @failure
                )
            """,
            export=self._export_id(send_date, status),
            page=self.page_name,
            status=status,
            claimed=self.claimed_at,
            date=send_date,
            rows=rows,
            destination=destination,
            failure=failure,
        )

    def _export_id(self, send_date: dt.date, status: str) -> str:
        """The same for the same claim, date and outcome."""
        parts = (
            self.page_name,
            self.execution_date.isoformat(),
            self.claimed_at.isoformat(),
            send_date.isoformat(),
            status,
        )
        return str(uuid.uuid5(uuid.NAMESPACE_OID, "\n".join(parts)))


@dataclass(frozen=True)
class Builder:
    """A schedule builder at the queue of one dataset.

    `client` is Google's client for the project, `name` says who holds a request: one name a
    process, stable over its restarts or not. A builder works on one request at a time; start
    several with names of their own to work on more.
    """

    client: bigquery.Client = field(repr=False)
    dataset: str
    """Name of the dataset in the client's project, or `project.dataset`."""
    name: str
    timeout_seconds: float = 600.0
    """Longest wait for one call; a call that waits for the page's lock takes a minute or two."""

    def __post_init__(self) -> None:
        parts = self.dataset.split(".")
        if len(parts) > 2 or not all(parts) or "`" in self.dataset:
            raise ValueError(f"dataset must be a name, or project.dataset, but is {self.dataset!r}")
        if not self.name.strip():
            raise ValueError("name must say who the builder is, for example the name of its pod")

    def claim(self, execution_date: dt.date | None = None) -> Request | None:
        """The oldest waiting request, held by this builder now; None where nothing waits."""
        rows = self.query(
            "CALL {dataset}.claim_schedule_request(@builder, @date)",
            builder=self.name,
            date=execution_date,
        )
        return Request(builder=self, **rows[0]) if rows else None

    @contextmanager
    def request(self, execution_date: dt.date | None = None) -> Iterator[Request | None]:
        """Claim a request, and close it when the block ends.

        As COMPLETED where the block ends well; an error gives the request back with its text and
        is raised again. None where nothing waits.
        """
        request = self.claim(execution_date)
        if request is None:
            yield None
            return
        try:
            yield request
        except ClaimLost:
            raise
        except Exception as error:
            try:
                request.fail(f"{type(error).__name__}: {error}")
            except Exception as further:
                error.add_note(f"the request was not given back, its lease will end: {further}")
            raise
        request.finish()

    def query(self, sql: str, **values: Any) -> list[dict[str, Any]]:
        """Rows of a statement; `{dataset}` in it is the quoted dataset, `@name` a value.

        The name of a value says its type, because a NULL needs one: `date` is a DATE, `claimed` a
        TIMESTAMP, `count`, `seed` and `rows` are INT64, everything else is a STRING. A call whose
        answer is lost is asked for again by its job's id, never sent twice.
        """
        project, _, name = self.dataset.rpartition(".")
        quoted = f"`{project or self.client.project}`.`{name}`"
        config = bigquery.QueryJobConfig(
            query_parameters=[_parameter(key, value) for key, value in values.items()]
        )
        job = self.client.query(
            sql.replace("{dataset}", quoted),
            job_config=config,
            job_id_prefix="erosbuilder_",
            job_retry=None,
        )
        return [dict(row) for row in job.result(timeout=self.timeout_seconds, job_retry=None)]


_DATES = {"date": "DATE", "claimed": "TIMESTAMP"}
_NUMBERS = {"count", "seed", "rows"}


def _parameter(name: str, value: Any) -> bigquery.ScalarQueryParameter:
    kind = _DATES.get(name) or ("INT64" if name in _NUMBERS else "STRING")
    return bigquery.ScalarQueryParameter(name, kind, value)
