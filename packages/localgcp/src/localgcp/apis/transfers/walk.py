"""Moves the clock from due time to due time and runs what is due, one run after the other.

Two days hold more than a thousand runs of what repeats every five minutes. Without `every_run`
such a schedule runs once an hour and for its last due time; what repeats more often runs just
before what repeats less often, which may read its results. Each of these runs then stands for
those that were left out: policies count its measurements for an hour longer than usual. Where no
run is left out, as in a stack whose schedules are paused, they count as long as ever.
"""

from __future__ import annotations

import bisect
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ..api_errors import invalid, precondition
from ..call import Cloud
from ..clock import parse_rfc3339, rfc3339
from ..job_history.publisher import JobHistory
from ..monitoring import delivery
from ..monitoring.evaluator import Evaluator
from ..store import Resource, Store
from . import stored_configs
from .executor import TransferWorker

_SPARSE = timedelta(hours=1)
_MOMENT = timedelta(seconds=30)
_POLL_SECONDS = 0.01
_ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")

Event = dict[str, Any]


@dataclass(frozen=True)
class _Due:
    """A run to make: for which time, of which config, under which schedule."""

    time: datetime
    config: Resource
    schedule: str


@dataclass(frozen=True)
class Progress:
    """How far a walk is: where to, and how many of its runs done."""

    to: datetime
    runs: int
    made: int = 0


class Walk:
    """Walks of one clock; one at a time. Without `history` jobs are not published."""

    def __init__(
        self,
        cloud: Cloud,
        store: Store,
        worker: TransferWorker,
        history: JobHistory | None,
        evaluator: Evaluator,
    ) -> None:
        self._cloud = cloud
        self._store = store
        self._worker = worker
        self._history = history
        self._evaluator = evaluator
        self._busy = threading.Lock()
        self._stopped = threading.Event()
        self._progress: Progress | None = None

    def stop(self) -> None:
        """End a walk after its present step."""
        self._stopped.set()

    @property
    def progress(self) -> Progress | None:
        """How far the present walk is; None while nobody walks."""
        return self._progress

    def to(
        self, moment: datetime, *, every_run: bool, left: threading.Event | None = None
    ) -> Generator[Event]:
        """Walk to a moment, reporting each step.

        The walk ends after its present step when `left` is set, because nobody listens any
        more, and when it is closed. Raises ApiError 400 for a moment of the past and while
        another walk is going on.
        """
        if moment < self._cloud.clock.now():
            raise invalid(f"The clock moves forward only: {rfc3339(moment)} has passed.", "to")
        if not self._busy.acquire(blocking=False):
            raise precondition(f"The clock is being moved already{_words(self._progress)}.")
        # The part above happens at once, not when the first event is asked for.
        walk = self._walk(moment, every_run, left or threading.Event())
        # One that is closed before its first step would never come to its `finally`.
        next(walk)
        return walk

    def _walk(self, moment: datetime, every_run: bool, left: threading.Event) -> Generator[Event]:
        begun = time.monotonic()
        try:
            yield {}
            with self._worker.held(), self._history.held() if self._history else nullcontext():
                plan, left_out = self._plan(moment, every_run)
                sparse = {name.rpartition("/")[2] for name in left_out}
                self._evaluator.set_grace(_SPARSE if sparse else timedelta(), sparse)
                self._progress = Progress(moment, len(plan))
                yield {
                    "event": "start",
                    "from": rfc3339(self._cloud.clock.now()),
                    "to": rfc3339(moment),
                    "runs": len(plan),
                    "leftOut": left_out.total(),
                }
                failed = 0
                for made, due in enumerate(plan):
                    self._progress = Progress(moment, len(plan), made)
                    for event in self._run(due, left):
                        if self._is_over(left):
                            return
                        failed += event["event"] == "run" and event["state"] != "SUCCEEDED"
                        yield event
                if self._is_over(left):
                    return
                self._progress = Progress(moment, len(plan), len(plan))
                yield from self._telling(lambda: self._move(moment))
                yield from self._telling(self.settle)
                yield {
                    "event": "end",
                    "now": rfc3339(self._cloud.clock.now()),
                    "failed": failed,
                    "seconds": round(time.monotonic() - begun, 3),
                }
        finally:
            self._progress = None
            self._evaluator.set_grace(timedelta())
            self._busy.release()

    def _is_over(self, left: threading.Event) -> bool:
        return self._stopped.is_set() or left.is_set()

    def _plan(self, until: datetime, every_run: bool) -> tuple[list[_Due], Counter[str]]:
        """Runs up to a moment in their order, and how many of each config are left out."""
        now = self._cloud.clock.now()
        with self._store.transaction() as tx:
            configs = tx.all(stored_configs.CONFIG)
        found: list[tuple[Resource, str, list[datetime]]] = []
        for config in configs:
            timetable = stored_configs.timetable(config)
            if timetable is None:
                continue
            times = []
            # What was changed since the last due time has nothing due before that change.
            changed = parse_rfc3339(config.private["scheduleSet"]) - datetime.resolution
            due = timetable.next_after(max(now, changed))
            while due is not None and due <= until:
                times.append(due)
                due = timetable.next_after(due)
            found.append((config, timetable.text, times))
        # Of runs at one moment, those of what repeats more often come first.
        found.sort(key=lambda one: len(one[2]), reverse=True)
        frequent = [times for *_, times in found if len(_sparse(times)) < len(times)]
        anchors = _sparse(frequent[-1]) if frequent else []
        plan: list[_Due] = []
        left_out: Counter[str] = Counter()
        for config, schedule, times in found:
            chosen = _before(times, anchors) if times in frequent and not every_run else times
            if len(chosen) < len(times):
                left_out[config.name] = len(times) - len(chosen)
            plan += [_Due(one, config, schedule) for one in chosen]
        return sorted(plan, key=lambda due: due.time), left_out

    def _run(self, due: _Due, left: threading.Event) -> Iterator[Event]:
        yield from self._telling(lambda: self._move(due.time))
        with self._store.transaction() as tx:
            config = tx.get(stored_configs.CONFIG, due.config.name)
            if config is None or stored_configs.timetable(config) is None:
                return
            run = stored_configs.new_run(tx, self._cloud, config, due.time, due.schedule)
        begun = time.monotonic()
        self._worker.wake()
        state = self._wait(run.name, left)
        yield {
            "event": "run",
            "time": rfc3339(due.time),
            "title": due.config.body["displayName"],
            "state": state.body["state"] if state else "DELETED",
            "error": state.body["errorStatus"].get("message", "") if state else "",
            "seconds": round(time.monotonic() - begun, 3),
        }
        yield from self._telling(lambda: self.settle(tables=False))

    def settle(self, *, tables: bool = True) -> None:
        """Publish what has happened so far, and evaluate the policies."""
        if self._history is not None:
            self._history.copy(tables=tables)
        self._evaluator.catch_up()

    def _move(self, moment: datetime) -> None:
        gap = moment - self._cloud.clock.now()
        if gap > _MOMENT:
            # Runs that follow each other at once share one write to the tables.
            self.settle()
        if gap > timedelta():
            self._cloud.clock.move_to(moment)
            self._evaluator.catch_up()

    def _wait(self, name: str, left: threading.Event) -> Resource | None:
        while not self._is_over(left):
            with self._store.transaction() as tx:
                run = tx.get(stored_configs.RUN, name)
            if run is None or run.body["state"] in _ENDED:
                return run
            time.sleep(_POLL_SECONDS)
        return None

    def _telling(self, step: Callable[[], None]) -> Iterator[Event]:
        """Take a step and report the notifications that it produced."""
        with self._store.transaction() as tx:
            before = delivery.newest(tx)
        step()
        with self._store.transaction() as tx:
            new = delivery.inbox(tx, after=before)
        for one in new:
            incident = one["payload"]["incident"]
            yield {
                "event": "notification",
                "time": one["time"],
                "state": incident["state"],
                "severity": incident["severity"],
                "policy": incident["policy_name"],
                "channel": one["channel"]["displayName"],
                "renotify": incident["renotify"],
            }


def _words(progress: Progress | None) -> str:
    if progress is None:
        return ""
    return f", to {rfc3339(progress.to)}: {progress.made} of {progress.runs} runs done"


def _sparse(times: list[datetime]) -> list[datetime]:
    """Times at least an hour apart, and the last one."""
    kept: list[datetime] = []
    for one in times:
        if not kept or one - kept[-1] >= _SPARSE:
            kept.append(one)
    if times and kept[-1] != times[-1]:
        kept.append(times[-1])
    return kept


def _before(times: list[datetime], anchors: list[datetime]) -> list[datetime]:
    """The first and the last of some times, and of those up to each anchor the last."""
    kept = {times[0], times[-1]}
    for anchor in anchors:
        if (place := bisect.bisect_right(times, anchor)) > 0:
            kept.add(times[place - 1])
    return sorted(kept)
