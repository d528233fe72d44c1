"""Locks on captions, old and new, and the recommendations of the coming week."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from eros.project.settings_sections import Automation
from eros.sample import arrow
from eros.sample.captions import LEGACY_PER_CREATOR, Captions
from eros.sample.creators import Creators
from eros.sample.localtime import to_utc
from eros.sample.messages import local_seconds_of_day
from eros.sample.sample_shape import SCHEMAS, Identity

# The locks are drawn for the default rules of sweep and planning.
_RULES = Automation()
PLANNING_DAYS = _RULES.planning_window_days
STALE_DAYS = _RULES.stale_lock_days
# Smallest and largest number per page (the largest is excluded).
_EXPIRED = (3, 6)
_STALE = (1, 4)
_DEACTIVATED = (10, 30)
# Captions younger than this are left alone: every lock is younger than its caption.
_SETTLED_DAYS = 80
_DEACTIVATED_DAYS = 60

_KINDS = ("expired", "stale", "planned", "deactivated")


@dataclass(frozen=True)
class Assignments:
    """All arrays have one entry per lock."""

    kind: np.ndarray
    """Index into _KINDS."""
    caption: np.ndarray
    """Index into the captions."""
    send_day: np.ndarray
    """Days since 1970."""
    assigned: np.ndarray
    """Seconds since 1970, UTC."""

    def of_kind(self, name: str) -> np.ndarray:
        """Which locks are of this kind."""
        return np.asarray(self.kind == _KINDS.index(name))


def draw(
    identity: Identity, creators: Creators, captions: Captions, rng: np.random.Generator
) -> Assignments:
    """Different captions for every page: expired, stale, planned and deactivated locks."""
    caption, kind = _chosen(identity, creators, captions, rng)
    count = len(caption)
    today = _day_number(identity.today)
    start = arrow.epoch_seconds(identity.start_of_today)

    def days_after_today(low: int, high: int) -> np.ndarray:
        return today + rng.integers(low, high, count)

    def nights_before(low: int, high: int) -> np.ndarray:
        # The builder runs at midnight and takes some minutes; the newest run has only
        # just begun, so that "assigned in the last 24 hours" holds for the whole day.
        nights = rng.integers(low, high, count)
        minutes = np.where(nights > 0, rng.integers(0, 40, count), 0)
        return np.asarray(start - nights * arrow.DAY_SECONDS + minutes * 60)

    send_day = np.choose(
        kind,
        [
            days_after_today(-5, 0),
            days_after_today(1, PLANNING_DAYS),
            days_after_today(0, PLANNING_DAYS),
            days_after_today(-_DEACTIVATED_DAYS, 0),
        ],
    )
    # Expired and deactivated locks were taken shortly before their send date.
    taken_before = start - (today - send_day) * arrow.DAY_SECONDS
    taken_before = taken_before - rng.integers(1, 5, count) * arrow.DAY_SECONDS
    assigned = np.choose(
        kind,
        [
            taken_before,
            nights_before(STALE_DAYS + 1, 20),
            nights_before(0, STALE_DAYS - 1),
            taken_before,
        ],
    )
    order = np.lexsort((caption, assigned))
    return Assignments(kind[order], caption[order], send_day[order], assigned[order])


def table(
    identity: Identity,
    creators: Creators,
    captions: Captions,
    locks: Assignments,
    rng: np.random.Generator,
) -> pa.Table:
    """The table `active_caption_assignments`, oldest lock first."""
    count = len(locks.caption)
    is_active = ~locks.of_kind("deactivated")
    today = _day_number(identity.today)
    start = arrow.epoch_seconds(identity.start_of_today)
    day_after = start - (today - locks.send_day - 1) * arrow.DAY_SECONDS
    deactivated = np.minimum(day_after, start) - rng.integers(0, 3_600, count)
    return pa.table(
        [
            arrow.identifiers(f"{identity.prefix}a", count),
            _page_names(creators, captions.page[locks.caption]),
            captions.caption_id.take(pa.array(locks.caption)),
            arrow.dates(locks.send_day),
            arrow.instants(locks.assigned),
            pa.array(is_active),
            arrow.instants(deactivated, missing=is_active),
            pc.if_else(pa.array(is_active), pa.scalar(None, pa.string()), "EXPIRED"),
        ],
        schema=SCHEMAS["active_caption_assignments"],
    )


def recommendations(
    identity: Identity,
    creators: Creators,
    captions: Captions,
    locks: Assignments,
    legacy: pa.Table,
    rng: np.random.Generator,
) -> pa.Table:
    """The table `schedule_recommendations`: all planned locks, and legacy captions.

    Each page that still posts also has one or two of the old captions on its plan.
    """
    planned = np.flatnonzero(locks.of_kind("planned"))
    posting = np.flatnonzero(~creators.dormant)
    old_page = np.repeat(posting, rng.integers(1, 3, len(posting)))
    old = old_page * LEGACY_PER_CREATOR + rng.integers(0, LEGACY_PER_CREATOR, len(old_page))
    today = _day_number(identity.today)
    start = arrow.epoch_seconds(identity.start_of_today)

    page = np.concatenate([captions.page[locks.caption[planned]], old_page])
    day = np.concatenate(
        [locks.send_day[planned], today + rng.integers(0, PLANNING_DAYS, len(old_page))]
    )
    created = np.concatenate([locks.assigned[planned], np.full(len(old_page), start)])
    caption_id = pa.concat_arrays(
        [
            captions.caption_id.take(pa.array(locks.caption[planned])),
            legacy["caption_id"].combine_chunks().take(pa.array(old)),
        ]
    )
    local = day * arrow.DAY_SECONDS + local_seconds_of_day(creators, page, rng)
    return pa.table(
        [
            arrow.identifiers(f"{identity.prefix}r", len(page)),
            _page_names(creators, page),
            caption_id,
            arrow.dates(day),
            arrow.instants(to_utc(creators.zone[page], local)),
            arrow.instants(created),
        ],
        schema=SCHEMAS["schedule_recommendations"],
    )


def _chosen(
    identity: Identity, creators: Creators, captions: Captions, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Captions in random order within their page, cut into the four kinds."""
    scale = identity.scale
    start = arrow.epoch_seconds(identity.start_of_today)
    settled = captions.created < start - _SETTLED_DAYS * arrow.DAY_SECONDS
    pool = np.flatnonzero(captions.is_active & settled)
    pool = pool[np.lexsort((rng.random(len(pool)), captions.page[pool]))]
    page = captions.page[pool]
    rank = np.arange(len(pool)) - np.searchsorted(page, page)

    quotas = np.stack(
        [
            rng.integers(*_EXPIRED, scale.creators),
            rng.integers(*_STALE, scale.creators),
            np.round(creators.planned * creators.daily_target * PLANNING_DAYS).astype(np.int64),
            rng.integers(*_DEACTIVATED, scale.creators),
        ],
        axis=1,
    )
    limits = np.cumsum(quotas, axis=1)
    kind = (rank[:, None] >= limits[page]).sum(axis=1)
    taken = kind < len(_KINDS)
    return pool[taken], kind[taken]


def _page_names(creators: Creators, page: np.ndarray) -> pa.Array:
    return pa.array(creators.page_name).take(pa.array(page))


def _day_number(day: date) -> int:
    return (day - date(1970, 1, 1)).days
