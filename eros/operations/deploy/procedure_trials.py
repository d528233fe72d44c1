"""Tries the procedures that no schedule calls on a deployed stack, on rows that do not exist.

A procedure that closes or acknowledges what nobody has must say so; one that claims finds nothing.
Selection writes its lock and its run, so it is called inside a transaction that is rolled back;
this works because it has no transaction of its own.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from google.api_core.exceptions import GoogleAPICallError

from bqstack.failures import explained
from eros.operations.deploy import validation
from eros.operations.deploy.deployment import Finding, Level, Site

if TYPE_CHECKING:
    from google.cloud import bigquery

_LONGEST_SECONDS = 300
"""A script that waits for others is stopped then; alone it takes seconds."""
_BUSY = ("concurrent update", "outstanding", "timed out")


@dataclass(frozen=True)
class Trial:
    """A call of a procedure, and what it must answer: an error with this text, or none."""

    procedure: str
    arguments: str
    """`@nobody` is a name that no page, builder or alert has."""
    refusal: str | None = None
    is_rolled_back: bool = False

    def script(self, dataset: str) -> str:
        """The script to run; `dataset` is quoted."""
        call = f"CALL {dataset}.{self.procedure}({self.arguments});"
        if self.is_rolled_back:
            return f"BEGIN TRANSACTION;\n{call}\nROLLBACK TRANSACTION;"
        if self.refusal is None:
            return call
        # An error that is caught is no failed query of the stack (A01, A21).
        return f"BEGIN\n{call}\nEXCEPTION WHEN ERROR THEN\nSELECT @@error.message AS refused;\nEND;"

    def fault(self, rows: Iterable[bigquery.Row]) -> str | None:
        """What is wrong with an answer; None where it is as it must be."""
        if self.refusal is None:
            return None
        said = [str(row["refused"]) for row in rows if "refused" in row.keys()]  # noqa: SIM118
        if not said:
            return "does not refuse what nobody has"
        return None if self.refusal in said[0] else said[0]


def trials(time_zone: str) -> tuple[Trial, ...]:
    """One trial for each procedure that people and schedule builders call themselves."""
    today = f"CURRENT_DATE('{time_zone}')"
    long_ago = "DATE '1970-01-01'"
    return (
        Trial(
            "select_captions_for_creator",
            f"@nobody, {today}, 1, 1",
            is_rolled_back=True,
        ),
        Trial("claim_schedule_request", f"@nobody, {long_ago}"),
        Trial(
            "finish_claimed_request",
            f"@nobody, @nobody, {long_ago}, NULL, NULL",
            refusal="does not hold the request",
        ),
        Trial(
            "finish_schedule_request",
            f"@nobody, @nobody, {long_ago}, NULL",
            refusal="does not hold the request",
        ),
        # What it does from a date on, update_caption_performance does every few hours.
        Trial("recount_caption_performance", "NULL", refusal="from_date must be"),
        Trial("acknowledge_alert", "@nobody, 'eros validate'", refusal="no open alert is named"),
    )


def check(site: Site) -> Finding:
    """Whether every such procedure answers as it must."""
    from google.cloud import bigquery

    settings = site.google.settings
    nobody = f"eros validate {uuid.uuid4()}"
    config = bigquery.QueryJobConfig(
        query_parameters=[bigquery.ScalarQueryParameter("nobody", "STRING", nobody)],
        job_timeout_ms=_LONGEST_SECONDS * 1000,
    )
    broken: list[str] = []
    busy: list[str] = []
    tried = trials(settings.time_zone)
    for trial in tried:
        script = trial.script(settings.dataset_reference)
        try:
            # Not tried again by the client: a trial that meets others says so.
            job = site.google.bigquery.query(script, job_config=config, job_retry=None)
            fault = trial.fault(job.result())
        except GoogleAPICallError as error:
            fault = explained(error)
        if fault is not None:
            others = any(words in fault.lower() for words in _BUSY)
            (busy if others else broken).append(f"{trial.procedure}: {fault}")
    if broken:
        return Finding("procedures", Level.FAILED, validation.some(broken))
    if busy:
        return Finding(
            "procedures",
            Level.WARNING,
            f"could not be tried beside others: {validation.some(busy)}",
            "run it again when fewer builders are at work",
        )
    text = f"all {len(tried)} that no schedule calls answer as they must"
    return Finding("procedures", Level.OK, text)
