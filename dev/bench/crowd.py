"""Schedule builders and every schedule at once, as a crowd would come on a bad day.

Each builder claims a request, selects captions for its page and finishes it, until none is left;
beside them every schedule runs again and again. The server keeps Google's rules for statements
that meet (localgcp.bigquery.strict), so what starves there starves here.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

# Runs a statement or script; rows by name.
Run = Callable[[str], Iterable[Mapping[str, Any]]]

BUILDERS = 16
PER_REQUEST = 3
# What a page of `given` carries a day must be more than all requests of one page ask for.
AUTOMATION = {"small_daily_target": 100}
_TODAY = "CURRENT_DATE('America/Los_Angeles')"
SCHEDULES = (
    "refresh_holiday_calendar(2026, 2027)",
    "update_caption_performance()",
    f"run_daily_automation({_TODAY})",
    "sweep_expired_caption_locks()",
    "release_schedule_requests()",
    "record_query_costs()",
    "archive_inactive_assignments()",
    "record_health_check()",
    "evaluate_alerts(NULL)",
)


@dataclass
class Outcome:
    """What happened; safe to fill from several threads."""

    failures: list[str] = field(default_factory=list)
    """Calls that ended in an error, with the error."""
    claims: Counter[tuple[str, Any, int]] = field(default_factory=Counter)
    """How often each request was given out, by page, date and attempt."""
    captions: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often each caption of a page was given out."""
    seconds: dict[str, list[float]] = field(default_factory=dict)
    """How long the calls took, by procedure."""

    def longest(self, procedure: str) -> float:
        """Seconds of the slowest call of a procedure; 0 where there was none."""
        return max(self.seconds.get(procedure, [0.0]))

    @property
    def requests_twice(self) -> list[tuple[str, Any, int]]:
        """Requests that went to two builders."""
        return [request for request, times in self.claims.items() if times > 1]

    @property
    def captions_twice(self) -> list[tuple[str, str]]:
        """Captions of a page that were given twice."""
        return [caption for caption, times in self.captions.items() if times > 1]


def given(pages: int, requests: int) -> str:
    """A script that fills an empty dataset: pages with captions and messages, and the queue.

    The requests are spread over the pages, those of a page over the business days before this.
    """
    captions = 2 * PER_REQUEST * -(-requests // pages)
    return f"""
        INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
        SELECT
            CONCAT('c', CAST(page AS STRING), '-', CAST(caption AS STRING)),
            CONCAT('page', CAST(page AS STRING)),
            CONCAT('text ', CAST(page AS STRING), ' ', CAST(caption AS STRING)),
            TRUE,
            CURRENT_TIMESTAMP()
        FROM UNNEST(GENERATE_ARRAY(1, {pages})) AS page
        CROSS JOIN UNNEST(GENERATE_ARRAY(1, {captions})) AS caption;

        INSERT INTO mass_messages (
            message_id, page_name, caption_id, message_text, sent_at, sent_count, viewed_count,
            purchased_count, earnings, updated_at
        )
        SELECT
            CONCAT('m', CAST(page AS STRING), '-', CAST(number AS STRING)),
            CONCAT('page', CAST(page AS STRING)),
            NULL,
            'a text that no caption has',
            TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL number DAY),
            100, 50, 5, 50,
            CURRENT_TIMESTAMP()
        FROM UNNEST(GENERATE_ARRAY(1, {pages})) AS page
        CROSS JOIN UNNEST(GENERATE_ARRAY(9, 12)) AS number;

        INSERT INTO schedule_generation_queue (
            page_name, execution_date, status, created_at, attempts
        )
        SELECT
            CONCAT('page', CAST(1 + MOD(number, {pages}) AS STRING)),
            DATE_SUB({_TODAY}, INTERVAL DIV(number, {pages}) DAY),
            'PENDING',
            CURRENT_TIMESTAMP(),
            0
        FROM UNNEST(GENERATE_ARRAY(0, {requests - 1})) AS number;
    """


def come(run: Run, *, builders: int = BUILDERS, again: bool = True) -> Outcome:
    """Let them all work until the queue is empty.

    Each schedule runs once, and with `again` for as long as a builder is at work.
    """
    outcome = Outcome()
    lock, is_over = threading.Lock(), threading.Event()

    def call(statement: str) -> list[Mapping[str, Any]] | None:
        started = time.monotonic()
        try:
            rows = list(run(f"CALL {statement}"))
        except Exception as error:  # Whatever it is, it is what this is about.
            with lock:
                outcome.failures.append(f"{statement}: {error}")
            return None
        with lock:
            name = statement.partition("(")[0]
            outcome.seconds.setdefault(name, []).append(time.monotonic() - started)
        return rows

    def build(number: int) -> None:
        name = f"builder{number}"
        while claimed := call(f"claim_schedule_request('{name}', NULL)"):
            [request] = claimed
            page, date = request["page_name"], request["execution_date"]
            with lock:
                outcome.claims[page, date, request["attempts"]] += 1
            selected = call(
                f"select_captions_for_creator('{page}', DATE_ADD({_TODAY}, INTERVAL 1 DAY),"
                f" {PER_REQUEST}, NULL)"
            )
            with lock:
                outcome.captions.update((page, row["caption_id"]) for row in selected or ())
            failure = "NULL" if selected is not None else "'no captions'"
            call(
                f"finish_claimed_request('{name}', '{page}', DATE '{date}',"
                f" TIMESTAMP '{request['claimed_at'].isoformat()}', {failure})"
            )

    def repeat(statement: str) -> None:
        call(statement)
        while again and not is_over.is_set():
            call(statement)

    with ThreadPoolExecutor(builders + len(SCHEDULES)) as pool:
        beside = [pool.submit(repeat, statement) for statement in SCHEDULES]
        at_work = [pool.submit(build, number) for number in range(builders)]
        try:
            for future in at_work:
                future.result()
        finally:
            is_over.set()
        for future in beside:
            future.result()
    return outcome
