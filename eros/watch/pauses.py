"""Whether anything runs by itself: schedules that are paused, a clock that stands."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from bqstack.amounts import span
from eros.cloud.google import Google
from eros.cloud.local_control import Control
from eros.project import schedules


@dataclass(frozen=True)
class Paused:
    """One scheduled query that does not run."""

    title: str
    since: datetime
    """When Data Transfer's config was last changed: switching it off is such a change."""


@dataclass(frozen=True)
class Schedules:
    """The scheduled queries of a stack as Data Transfer has them."""

    declared: int
    deployed: int
    """How many of them are there, however often."""
    paused: tuple[Paused, ...]
    doubled: dict[str, int]
    """Titles that are there more than once, with how often."""

    @property
    def longest(self) -> Paused:
        """The one that has been paused for longest; only where there is one."""
        return min(self.paused, key=lambda one: one.since)

    def words(self, now: datetime) -> str:
        """Who is paused, and for how long."""
        names = [one.title.removeprefix("EROS: ") for one in self.paused]
        if len(names) == self.deployed:
            who = f"all {len(names)}"
        else:
            rest = f" and {len(names) - 3} more" if len(names) > 3 else ""
            who = f"{len(names)} of {self.deployed} ({', '.join(names[:3])}{rest})"
        since = self.longest.since
        return f"{who} paused since {since:%Y-%m-%d %H:%M} UTC, {span(now - since)}"


def read(google: Google, timeout: float) -> Schedules:
    """The scheduled queries of the stack; `timeout` in seconds, nothing is tried again."""
    # Late: the library takes a second to import.
    from eros.cloud import transfers

    declared = schedules.transfer_configs(google.settings, google.root)
    live = transfers.deployed(google, declared, timeout)
    paused = tuple(
        # The library's subclass of datetime, with its nanoseconds.
        Paused(config.display_name, cast("datetime", config.update_time))
        for config in live
        if config.disabled
    )
    titles = Counter(config.display_name for config in live)
    doubled = {title: number for title, number in titles.items() if number > 1}
    return Schedules(len(declared), len(titles), paused, doubled)


def clock_trouble(google: Google) -> str | None:
    """Why schedules do not run when they are due on the local cloud; None when they do.

    Raises UserError when the local cloud does not answer.
    """
    found = Control(google.settings).clock()
    if walk := found["walk"]:
        return (
            f"the clock is being advanced to {datetime.fromisoformat(walk['to']):%Y-%m-%d %H:%M} "
            f"UTC: {walk['made']} of {walk['runs']} runs done"
        )
    if found["follows"]:
        return None
    return "stopped: schedules do not run; eros local up --follow-clock"
