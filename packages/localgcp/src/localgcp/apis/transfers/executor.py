"""Executes pending transfer runs in the background and, on request, follows the schedules.

A run that was going on when the server died is marked FAILED at the next start:
its query may have done all of its work, so running it again is the owner's call.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from ..call import Cloud
from ..clock import parse_rfc3339, rfc3339
from ..monitoring import measure
from ..services import pubsub
from ..store import Resource, Store, Transaction
from . import stored_configs
from .scheduled_query import Outcome, QueryRunner

log = logging.getLogger(__name__)

# Runs of one config never overlap, runs of several configs do, up to this many.
_PARALLEL = 4
# How long real time may pass before the schedules are looked at again.
_TICK_SECONDS = 1.0
_INVALID_ARGUMENT = 3
_CANCELLED = 1
_SETTING = "localcloud.settings"


class TransferWorker:
    """One thread that hands out work, and one more for each run in progress."""

    def __init__(
        self, cloud: Cloud, store: Store, queries: QueryRunner, *, follow_clock: bool
    ) -> None:
        self._cloud = cloud
        self._store = store
        self._queries = queries
        self._follow = follow_clock or self._remembered()
        self._held = False
        self._seen = cloud.clock.now()
        self._active: set[str] = set()
        self._jobs: dict[str, str] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._work = threading.Event()
        cloud.clock.listen(self.wake)
        self._thread = threading.Thread(target=self._loop, name="transfers", daemon=True)

    def start(self) -> None:
        self._fail_interrupted()
        self._thread.start()

    def stop(self) -> None:
        """Take no more work. A query in progress is left to the next start to report."""
        self._stopped.set()
        self.wake()
        self._thread.join()

    def wake(self) -> None:
        """Look for work now; called when a request may have made some."""
        self._work.set()

    @property
    def follows(self) -> bool:
        """Whether runs start by themselves when they are due."""
        return self._follow

    def follow(self, follow: bool) -> None:
        """Start runs when they are due from now on, or no more; a restart remembers it."""
        with self._store.transaction() as tx:
            tx.delete(_SETTING, "follow")
            tx.insert(Resource(_SETTING, "follow", "", {"value": follow}))
        self._seen = self._cloud.clock.now()
        self._follow = follow
        self.wake()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Start nothing by itself meanwhile, and nothing afterwards that was due meanwhile."""
        if self._follow:
            self.fire_due()
        self._held = True
        try:
            yield
        finally:
            self._seen = self._cloud.clock.now()
            self._held = False

    def _remembered(self) -> bool:
        with self._store.transaction() as tx:
            kept = tx.get(_SETTING, "follow")
        return bool(kept and kept.body["value"])

    def _loop(self) -> None:
        while not self._stopped.is_set():
            self._work.clear()
            try:
                if self._follow and not self._held:
                    self.fire_due()
                self._cancel_orphans()
                self._dispatch()
            except Exception:
                # The loop must outlive a failure; the next turn meets it again.
                log.exception("transfer worker")
            self._work.wait(_TICK_SECONDS if self._follow else None)

    def fire_due(self) -> None:
        """Make a run for every due time since the last look.

        Only what the clock passes while the server runs is made up; a laptop
        that was closed for a week does not fire a week of runs.
        """
        now = self._cloud.clock.now()
        with self._store.transaction() as tx:
            due = [
                item for config in tx.all(stored_configs.CONFIG) for item in self._due(config, now)
            ]
            for moment, config, text in sorted(due, key=lambda item: item[0]):
                stored_configs.new_run(tx, self._cloud, config, moment, text)
        self._seen = now

    def _due(self, config: Resource, now: datetime) -> list[tuple[datetime, Resource, str]]:
        timetable = stored_configs.timetable(config)
        if timetable is None:
            return []
        found = []
        # Changing a schedule makes nothing due that lies before the change.
        start = max(self._seen, parse_rfc3339(config.private["scheduleSet"]) - datetime.resolution)
        moment = timetable.next_after(start)
        while moment is not None and moment <= now:
            found.append((moment, config, timetable.text))
            moment = timetable.next_after(moment)
        return found

    def _fail_interrupted(self) -> None:
        with self._store.transaction() as tx:
            for run in tx.all(stored_configs.RUN, state="RUNNING"):
                outcome = Outcome("", error="The service stopped while the run was going on.")
                self._finish(tx, run, outcome)

    def _dispatch(self) -> None:
        """Start the oldest pending run of every config that has none in progress."""
        chosen: dict[str, Resource] = {}
        with self._store.transaction() as tx:
            with self._lock:
                free = _PARALLEL - len(self._active)
                busy = set(self._active)
            for run in tx.all(stored_configs.RUN, state="PENDING"):
                if len(chosen) < free and run.parent not in busy | chosen.keys():
                    chosen[run.parent] = run
            for run in chosen.values():
                self._set_state(tx, run, "RUNNING", startTime=rfc3339(self._cloud.clock.now()))
                config_id = run.parent.rsplit("/", 1)[-1]
                text = f"Dispatched run to data source with id {config_id}"
                stored_configs.add_message(tx, self._cloud, run, text)
        for run in chosen.values():
            with self._lock:
                self._active.add(run.parent)
            threading.Thread(target=self._execute, args=(run,), name=run.name, daemon=True).start()

    def _execute(self, run: Resource) -> None:
        try:
            outcome = self._query(run)
            # After a stop the state is closed; the next start finds the run unfinished.
            if not self._stopped.is_set():
                with self._store.transaction() as tx:
                    current = tx.get(stored_configs.RUN, run.name)
                    # The run may have been deleted together with its config meanwhile.
                    if current is not None:
                        self._finish(tx, current, outcome)
        finally:
            with self._lock:
                self._active.discard(run.parent)
                self._jobs.pop(run.name, None)
            self.wake()

    def _query(self, run: Resource) -> Outcome:
        try:
            return self._queries.run(
                run.body, _location(run.name), lambda job_id: self._starting(run, job_id)
            )
        except Exception as error:
            # Whatever goes wrong belongs into the run's own record, where users look.
            log.exception("transfer run %s", run.name)
            return Outcome("", error=f"{type(error).__name__}: {error}")

    def _starting(self, run: Resource, job_id: str) -> None:
        with self._lock:
            self._jobs[run.name] = job_id
        with self._store.transaction() as tx:
            current = tx.get(stored_configs.RUN, run.name)
            if current is not None:
                current.private["jobId"] = job_id
                tx.update(current)
                stored_configs.add_message(tx, self._cloud, run, f"Starting query job {job_id}.")

    def _cancel_orphans(self) -> None:
        """Stop the jobs of runs that were deleted while their query was going on."""
        with self._lock:
            jobs = dict(self._jobs)
        for name, job_id in jobs.items():
            with self._store.transaction() as tx:
                gone = tx.get(stored_configs.RUN, name) is None
            if gone:
                with self._lock:
                    self._jobs.pop(name, None)
                self._queries.cancel(job_id, _location(name))

    def _finish(self, tx: Transaction, run: Resource, outcome: Outcome) -> None:
        """Record the end of a run: state, messages, log entries and notification."""
        if outcome.error is None:
            state, severity = "SUCCEEDED", "INFO"
            text = f"Job {outcome.job_id} completed successfully. Number of records: {outcome.rows}"
        else:
            state = "CANCELLED" if outcome.cancelled else "FAILED"
            severity = "WARNING" if outcome.cancelled else "ERROR"
            code = _CANCELLED if outcome.cancelled else _INVALID_ARGUMENT
            job = f"; JobID: {self._cloud.project}:{outcome.job_id}" if outcome.job_id else ""
            text = f"Error code {code} : {outcome.error}{job}"
            run.body["errorStatus"] = {"code": code, "message": text}
        self._set_state(tx, run, state, endTime=rfc3339(self._cloud.clock.now()))
        stored_configs.add_message(tx, self._cloud, run, text, severity)
        measure.run_finished(tx, self._cloud, run, None if outcome.error else outcome.rows)
        self._notify(tx, run)

    def _set_state(self, tx: Transaction, run: Resource, state: str, **times: str) -> None:
        run.body.update(state=state, updateTime=rfc3339(self._cloud.clock.now()), **times)
        tx.update(run)
        stored_configs.set_config_state(tx, run.parent, state)

    def _notify(self, tx: Transaction, run: Resource) -> None:
        """Publish the finished run, as Google does, when a topic is set."""
        topic = run.body.get("notificationPubsubTopic")
        if not topic:
            return
        sent = pubsub.publish(
            tx,
            topic,
            json.dumps(run.body, sort_keys=True).encode(),
            {"eventType": "TRANSFER_RUN_FINISHED", "payloadFormat": "JSON_API_V1"},
            rfc3339(self._cloud.clock.now()),
        )
        if sent is None:
            text = f"Failed to publish the run notification: topic {topic} does not exist."
            stored_configs.add_message(tx, self._cloud, run, text, "WARNING")


def _location(run_name: str) -> str:
    """BigQuery's spelling of a run's location: multi-regions in capitals."""
    location = run_name.split("/")[3]
    return location.upper() if location in ("us", "eu") else location
