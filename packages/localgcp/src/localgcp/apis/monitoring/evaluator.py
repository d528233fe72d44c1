"""Looks at all alert policies as the clock passes: every minute of it, and when data arrives.

What happened while the local cloud was off is not judged: after a start the clock of the
policies begins at that moment.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection
from datetime import datetime, timedelta

from .. import log_routing
from ..call import Cloud
from ..clock import from_micros, micros
from ..store import Store
from . import incidents, policy_evaluation, samples
from .alignment import MINUTE
from .conditions import Moment
from .log_match import POLICY
from .series import Grace

log = logging.getLogger(__name__)

_TICK_SECONDS = 1.0
# A jump of the clock is walked in so many steps at most, of a minute at least.
_MOST_STEPS = 3000
_PRUNE_MICROS = 24 * 60 * MINUTE


class Evaluator:
    """One thread that keeps incidents up to date."""

    def __init__(self, cloud: Cloud, store: Store) -> None:
        self._cloud = cloud
        self._store = store
        self._grace = Grace()
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._alive = self._seen = micros(cloud.clock.now())
        self._newest = self._pruned = 0
        self._thread = threading.Thread(target=self._loop, name="monitoring", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def set_grace(self, grace: timedelta, configs: Collection[str] = ()) -> None:
        """How much longer than usual a measurement counts from now on.

        Of the runs of transfer configs only those with an id among `configs`.
        """
        longer, since = grace // timedelta(microseconds=1), micros(self._cloud.clock.now())
        self._grace = Grace(longer, since, frozenset(configs))

    def catch_up(self, until: datetime | None = None) -> None:
        """Evaluate every minute that has passed, and now if there is new data."""
        with self._lock:
            now = micros(until or self._cloud.clock.now())
            if now < self._seen:
                # The clock was set back: what follows has not been judged yet.
                self._seen = self._alive = now
            step = max(MINUTE, -(-(now - self._seen) // _MOST_STEPS // MINUTE) * MINUTE)
            for at in range((self._seen // step + 1) * step, now + 1, step):
                self._evaluate(at)
                if self._stopped.is_set():
                    return
            with self._store.transaction() as tx:
                newest = samples.newest(tx)
            if newest != self._newest:
                self._newest = newest
                self._evaluate(now)
            self._seen = now

    def _loop(self) -> None:
        while not self._stopped.wait(_TICK_SECONDS):
            try:
                self.catch_up()
            except Exception:
                # The loop must outlive a failure; the next turn meets it again.
                log.exception("evaluation of the alert policies")

    def _evaluate(self, at: int) -> None:
        with self._store.transaction() as tx:
            moment = Moment(at, self._alive, self._grace)
            known = tx.children(POLICY, f"projects/{self._cloud.project}")
            for policy in known:
                policy_evaluation.evaluate(tx, self._cloud, policy, moment)
            names = {policy.name for policy in known}
            for incident in incidents.all_open(tx):
                if incident.parent not in names:
                    policy_evaluation.forget(tx, self._cloud, incident.parent, at)
            if at - self._pruned >= _PRUNE_MICROS:
                self._pruned = at
                samples.prune(tx, at)
                log_routing.prune(tx, from_micros(at))
