"""The pages: audience, time zone, habits. One column vector per trait."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pyarrow as pa
import yaml

from eros.project.settings_sections import Automation
from eros.sample.sample_shape import Scale

TIME_ZONES = (
    "America/Los_Angeles",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Toronto",
    "America/Sao_Paulo",
    "America/Bogota",
    "Europe/London",
    "Europe/Bucharest",
    "Europe/Madrid",
    "Australia/Sydney",
    "Asia/Tokyo",
)
# Audiences are log-normal, drawn at evenly spread quantiles so that even twelve
# creators reach from some hundred fans to hundreds of thousands.
_AUDIENCE_MEDIAN = 9_000
_AUDIENCE_SIGMA = 1.75
_AUDIENCE_RANGE = (150, 900_000)
# Of this many creators one has stopped posting, so that "active" means something.
_CREATORS_PER_DORMANT = 12
DORMANT_DAYS = 45
# Median part of the audience that one message goes to, see messages._SEGMENT.
_TYPICAL_SEGMENT = 0.24
# Pages whose coming week is planned already, and how far; the others have begun.
_FULL_SHARE = 0.1
_FULL = (0.9, 1.05)
_BEGUN = (0.0, 0.35)


@dataclass(frozen=True)
class Creators:
    """All arrays have one entry per creator, in order of `page_name`."""

    page_name: np.ndarray
    zone: np.ndarray
    """Index into TIME_ZONES."""
    audience: np.ndarray
    peak_hour: np.ndarray
    """Local hour around which the page posts most."""
    view_rate: np.ndarray
    """Part of the receivers that opens a message."""
    conversion_mean: np.ndarray
    """Mean purchases per view over the page's captions."""
    messages_per_day: np.ndarray
    daily_target: np.ndarray
    """Messages that a page of this size carries per day."""
    planned: np.ndarray
    """Part of the coming week's target that is filled already; above 1 is overfull."""
    dormant: np.ndarray

    def __len__(self) -> int:
        return len(self.page_name)

    def table(self) -> pa.Table:
        """The traits that tests and simulations compare with."""
        return pa.table(
            {
                "page_name": pa.array(self.page_name),
                "time_zone": pa.array([TIME_ZONES[index] for index in self.zone]),
                "audience": self.audience,
                "view_rate": self.view_rate,
                "conversion_mean": self.conversion_mean,
                "messages_per_day": self.messages_per_day,
                "daily_target": self.daily_target,
                "planned": self.planned,
                "dormant": self.dormant,
            }
        )


def draw(scale: Scale, rng: np.random.Generator) -> Creators:
    """`scale.creators` pages; ValueError beyond the number of different names."""
    count = scale.creators
    quantiles = (rng.permutation(count) + rng.uniform(0.2, 0.8, count)) / count
    spread = np.array([NormalDist().inv_cdf(q) for q in quantiles])
    audience = np.exp(np.log(_AUDIENCE_MEDIAN) + _AUDIENCE_SIGMA * spread)
    # Larger pages have a team and post more often; the mean over all pages stays.
    frequency = np.exp(0.25 * spread + rng.normal(0, 0.15, count))
    dormant = np.zeros(count, dtype=bool)
    dormant[rng.permutation(count)[: count // _CREATORS_PER_DORMANT]] = True
    daily_target = _daily_targets(audience)
    planned = rng.uniform(*_BEGUN, count)
    # A large page has too few captions in the small sample to fill its week.
    candidates = rng.permutation(np.flatnonzero(~dormant & (daily_target < daily_target.max())))
    full = candidates[: max(2, round(_FULL_SHARE * count))]
    planned[full] = rng.uniform(*_FULL, len(full))
    planned[dormant] = 0
    return Creators(
        page_name=_names(count, rng),
        zone=rng.permutation(count) % len(TIME_ZONES),
        audience=np.clip(audience, *_AUDIENCE_RANGE).astype(np.int64),
        peak_hour=rng.choice([9, 12, 18, 20, 21, 22], count),
        view_rate=rng.beta(8, 14, count),
        conversion_mean=rng.beta(5, 600, count) + 0.003,
        messages_per_day=scale.messages_per_day * frequency / frequency.mean(),
        daily_target=daily_target,
        planned=planned,
        dormant=dormant,
    )


def _daily_targets(audience: np.ndarray) -> np.ndarray:
    """As the table function `account_sizes` classes the pages under default settings."""
    rules = Automation()
    recipients = audience * _TYPICAL_SEGMENT
    return np.select(
        [recipients >= rules.large_audience, recipients >= rules.medium_audience],
        [rules.large_daily_target, rules.medium_daily_target],
        rules.small_daily_target,
    )


def _names(count: int, rng: np.random.Generator) -> np.ndarray:
    words = yaml.safe_load(Path(__file__).with_name("names.yaml").read_text("utf-8"))
    names = [f"{first}_{second}" for first in words["first"] for second in words["second"]]
    if count > len(names):
        raise ValueError(f"there are only names for {len(names)} creators, not {count}")
    return np.sort(rng.permutation(names)[:count])
