"""What life does to a world: delays, tiring, drift, noise, weekdays and holidays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Monday to Sunday: views as in eros.sample.messages, purchases per view towards the weekend.
_ATTENTION = np.array([0.95, 0.95, 1.0, 1.0, 1.05, 1.0, 1.1])
_BUYING = np.array([0.85, 0.85, 0.95, 1.0, 1.15, 1.2, 1.0])
# Every fifth week has a holiday: half of the messages, and fans who buy more.
_HOLIDAY_EVERY = 35
_HOLIDAY_VOLUME, _HOLIDAY_BUYING = 0.5, 1.4


@dataclass(frozen=True)
class Reality:
    """What the plain simulation leaves out; each field alone leaves the others plain."""

    name: str
    title: str
    lead_days: int = 0
    """Days that a message is planned before it is sent."""
    arrival: tuple[float, ...] = (1.0,)
    """Share of a message's result that is counted 1, 2, 3 … days after the send."""
    tiring: float = 0.0
    """How much a send lowers the logarithm of the caption's rate."""
    rest_days: float = 30.0
    """Days in which half of that is over."""
    drift: float = 0.0
    """Standard deviation of the logarithm of a caption's rate over time."""
    drift_days: float = 60.0
    """Days after which the drift of a caption has forgotten two thirds of where it was."""
    noise: float = 0.0
    """Standard deviation of the logarithm of the rate of one message."""
    seasons: bool = False
    """Weekdays and holidays."""
    differences: float = 1.0
    """Power to which the differences between captions are taken: below 1 they are smaller."""


@dataclass(frozen=True)
class Seasons:
    """Factors by day."""

    attention: np.ndarray
    buying: np.ndarray
    volume: np.ndarray


def seasons(reality: Reality, first: int, count: int) -> Seasons:
    """Factors of `count` days from `first` on; day 0 is a Monday."""
    if not reality.seasons:
        return Seasons(*np.ones((3, count)))
    days = np.arange(first, first + count)
    holiday = days % _HOLIDAY_EVERY == _HOLIDAY_EVERY - 1
    return Seasons(
        attention=_ATTENTION[days % 7],
        buying=_BUYING[days % 7] * np.where(holiday, _HOLIDAY_BUYING, 1.0),
        volume=np.where(holiday, _HOLIDAY_VOLUME, 1.0),
    )


PLAIN = Reality("plain", "results complete the next day, rates that stay")
REALITIES = (
    PLAIN,
    Reality(
        "delayed",
        "planned two days ahead; 60%, 90% and all of a result after 1, 2 and 3 days",
        lead_days=2,
        arrival=(0.6, 0.9, 1.0),
    ),
    Reality(
        "tiring", "a send takes 26% off a caption's rate, half of it back in 30 days", tiring=0.3
    ),
    Reality("drifting", "rates wander by a factor of 1.5 over 60 days", drift=0.4),
    Reality("noisy", "rates of single messages scatter by a factor of 1.6", noise=0.5),
    Reality("seasons", "weekdays and holidays", seasons=True),
    Reality("flat", "differences between captions halved on a logarithmic scale", differences=0.5),
    Reality(
        "all",
        "all of these at once, each at half",
        lead_days=1,
        arrival=(0.8, 0.95, 1.0),
        tiring=0.15,
        drift=0.2,
        noise=0.25,
        seasons=True,
        differences=0.75,
    ),
)
