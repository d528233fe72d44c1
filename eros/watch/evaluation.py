"""When the rules that SQL judges were last judged: their states are of that time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bqstack.amounts import span
from bqstack.errors import UserError
from bqstack.failures import FAILURES, explained
from eros.cloud.google import Google
from eros.cloud.local_control import present
from eros.project import schedules

SCHEDULE = "evaluate_alerts"
# How long an evaluation takes at most until Data Transfer says that it has succeeded.
_SLACK = timedelta(minutes=5)
_NOW = "eros health says what runs; eros run evaluate_alerts judges them now"


@dataclass(frozen=True)
class Evaluation:
    """The newest evaluation that succeeded. `at` is None where there is none or nobody knows."""

    now: datetime
    at: datetime | None
    is_current: bool
    """Whether at most one evaluation is missing since."""
    unread: str = ""
    """Why Data Transfer did not answer."""

    @property
    def state(self) -> str:
        """What a rule that is not open says instead of OK."""
        if self.at is None:
            return "UNKNOWN" if self.unread else "NEVER JUDGED"
        day = "" if self.at.date() == self.now.date() else f"{self.at:%Y-%m-%d} "
        return f"judged at {day}{self.at:%H:%M}, not since"

    @property
    def warning(self) -> str:
        """What is wrong with the states, with what to do; empty when nothing is."""
        if self.is_current:
            return ""
        if self.unread:
            return f"nobody knows when the rules of SQL were judged: {self.unread}"
        if self.at is None:
            return f"the rules of SQL have never been judged: {_NOW}"
        return (
            f"the rules of SQL were judged at {self.at:%Y-%m-%d %H:%M} UTC,"
            f" {span(self.now - self.at)} ago, and not since: {_NOW}"
        )


def read(google: Google) -> Evaluation:
    """When the rules of the stack were last judged, as Data Transfer knows it."""
    # Late: the library takes a second to import.
    from eros.cloud import transfers

    settings = google.settings
    now = present(settings)
    configs = [
        config
        for config in schedules.transfer_configs(settings, google.root)
        if config.schedule_name == SCHEDULE
    ]
    # A run that is due this minute is still under way, and one may fail.
    oldest = now - 2 * max(config.gap for config in configs) - _SLACK
    try:
        at = transfers.last_success(google, configs, oldest)
    except FAILURES as error:
        return Evaluation(now, None, False, explained(error))
    except UserError as error:
        return Evaluation(now, None, False, error.message)
    return Evaluation(now, at, at is not None and at > oldest)
