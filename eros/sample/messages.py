"""Months of mass messages: when, which caption, to how many, and what came of it."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from eros.sample import arrow
from eros.sample.captions import Captions
from eros.sample.creators import DORMANT_DAYS, Creators
from eros.sample.localtime import to_utc
from eros.sample.sample_shape import SCHEMAS, Identity

# Monday to Sunday: posts rise towards the weekend, and so does attention.
_POSTS_BY_WEEKDAY = np.array([0.85, 0.85, 0.9, 0.95, 1.15, 1.25, 1.05])
_VIEWS_BY_WEEKDAY = np.array([0.95, 0.95, 1.0, 1.0, 1.05, 1.0, 1.1])
_HOURS = np.arange(24)
# Standard deviation in hours around the page's peak, and the even rest of the day.
_PEAK_WIDTH = 2.5
_WAKING_FLOOR = np.where((_HOURS >= 1) & (_HOURS < 8), 0.01, 0.06)

# Whole dollars that a message of a tier may cost.
_PRICES = (
    np.array([3, 4, 5, 6]),
    np.array([7, 8, 10, 12]),
    np.array([15, 18, 20, 25]),
    np.array([30, 35, 40, 50]),
)
# Part of the audience grown during the history, and spread of the chosen segments.
_GROWTH = 0.2
_SEGMENT = (1.5, 4)
_RETYPED_SHARE = 0.15
_UNMATCHED_SHARE = 0.005
_REVISED_SHARE = 0.01
_RESULT_DELAY_HOURS = (1, 72)


def draw(
    identity: Identity, creators: Creators, captions: Captions, rng: np.random.Generator
) -> pa.Table:
    """The table `mass_messages`, ordered by send time, revisions at the end.

    Purchases are Binomial(views, conversion rate of the caption) and nothing else, so
    that a perfect learner would find exactly the hidden rates.
    """
    page, local, sent = _send_times(identity, creators, rng)
    caption = _chosen_captions(identity, captions, page, sent, rng)
    count = len(page)
    end = arrow.epoch_seconds(identity.start_of_today)

    age = (end - sent) / (identity.scale.days * arrow.DAY_SECONDS)
    reach = creators.audience[page] * (1 - _GROWTH * age) * rng.beta(*_SEGMENT, count)
    sent_count = np.maximum(reach.astype(np.int64), 1)
    weekday = _weekday(local // arrow.DAY_SECONDS)
    view_rate = creators.view_rate[page] * _VIEWS_BY_WEEKDAY[weekday] * rng.uniform(0.8, 1.2, count)
    viewed = rng.binomial(sent_count, np.minimum(view_rate, 0.98))
    purchased = rng.binomial(viewed, captions.conversion_rate[caption])
    price = _prices(captions.tier[caption], rng)
    updated = sent + _delay(sent, end, rng)

    caption_id, text = _attribution(captions, caption, rng)
    table = pa.table(
        [
            arrow.identifiers(f"{identity.prefix}m", count),
            pa.array(creators.page_name).take(pa.array(page)),
            caption_id,
            text,
            arrow.instants(sent),
            pa.array(sent_count),
            pa.array(viewed),
            pa.array(purchased),
            arrow.money(price * 100),
            arrow.money(price * 100 * purchased),
            arrow.instants(updated),
        ],
        schema=SCHEMAS["mass_messages"],
    )
    return _with_revisions(table, sent, viewed, purchased, price, updated, rng)


def hour_weights(creators: Creators) -> np.ndarray:
    """Per creator the chance of each local hour to be the hour of a message."""
    distance = np.abs(_HOURS - creators.peak_hour[:, None])
    distance = np.minimum(distance, 24 - distance)
    weights = np.exp(-0.5 * (distance / _PEAK_WIDTH) ** 2) + _WAKING_FLOOR
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def local_seconds_of_day(
    creators: Creators, page: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """A second of the local day for every entry of `page`, in the page's active hours."""
    weights = hour_weights(creators)
    owner = np.repeat(np.arange(len(creators)), 24)
    hour = weighted_choice(weights.ravel(), owner, page, rng) % 24
    return hour * 3_600 + rng.integers(0, 3_600, len(page))


def _send_times(
    identity: Identity, creators: Creators, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Page, local and UTC seconds of every message, in order of time."""
    days = identity.scale.days
    today = (identity.today - date(1970, 1, 1)).days
    # One local day more at each end: in the east the day has begun before Los Angeles.
    calendar = np.arange(today - days - 1, today + 1)
    mean = creators.messages_per_day[:, None] * _POSTS_BY_WEEKDAY[_weekday(calendar)]
    mean[np.ix_(creators.dormant, calendar > today - DORMANT_DAYS)] = 0
    posts = rng.poisson(mean)
    page, day = (np.repeat(grid.ravel(), posts.ravel()) for grid in np.indices(posts.shape))
    local = calendar[day] * arrow.DAY_SECONDS + local_seconds_of_day(creators, page, rng)
    sent = to_utc(creators.zone[page], local)

    end = arrow.epoch_seconds(identity.start_of_today)
    inside = (sent >= end - days * arrow.DAY_SECONDS) & (sent < end)
    order = np.argsort(sent[inside], kind="stable")
    return page[inside][order], local[inside][order], sent[inside][order]


def _chosen_captions(
    identity: Identity,
    captions: Captions,
    page: np.ndarray,
    sent: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """A caption of the message's own page by popularity, none before it existed."""
    chosen = weighted_choice(captions.popularity, captions.page, page, rng)
    too_early = captions.created[chosen] > sent
    beginning = arrow.epoch_seconds(identity.start_of_today)
    beginning -= identity.scale.days * arrow.DAY_SECONDS
    always_there = np.where(captions.created <= beginning, captions.popularity, 0)
    chosen[too_early] = weighted_choice(always_there, captions.page, page[too_early], rng)
    return chosen


def weighted_choice(
    weight: np.ndarray, group: np.ndarray, wanted: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """For each entry of `wanted`, a group, the index of one of its members by weight.

    `group` (of each member) rises from 0 without gaps, and no group weighs nothing.
    """
    ladder = np.concatenate([[0.0], np.cumsum(weight)])
    bounds = np.searchsorted(group, np.arange(group[-1] + 2))
    low, high = bounds[wanted], bounds[wanted + 1]
    chosen = np.searchsorted(ladder, rng.uniform(ladder[low], ladder[high]), side="right") - 1
    # Rounding may lift a draw onto the upper bound, which is another group's.
    return np.asarray(np.clip(chosen, low, high - 1))


def _attribution(
    captions: Captions, caption: np.ndarray, rng: np.random.Generator
) -> tuple[pa.Array, pa.ChunkedArray]:
    """Caption identifier and text as the messaging system recorded them.

    Some texts were retyped: no identifier, other case and spaces, the same key. A few
    were written on the spot and belong to no caption at all.
    """
    luck = rng.random(len(caption))
    retyped = luck < _RETYPED_SHARE
    unmatched = luck > 1 - _UNMATCHED_SHARE
    index = pa.array(caption)
    no_id = pa.scalar(None, pa.string())
    ids = pc.if_else(pa.array(retyped | unmatched), no_id, captions.caption_id.take(index))
    text = captions.text.take(index)
    retyped_text = pc.binary_join_element_wise("  ", pc.utf8_capitalize(text), " \n", "")
    text = pc.if_else(pa.array(retyped), retyped_text, text)
    spontaneous = pc.binary_join_element_wise(text, "Just for today!", " ")
    return ids, pc.if_else(pa.array(unmatched), spontaneous, text)


def _prices(tier: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    luck = rng.random(len(tier))
    counts = np.array([len(choices) for choices in _PRICES])
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    return np.asarray(
        np.concatenate(_PRICES)[starts[tier] + (luck * counts[tier]).astype(np.int64)]
    )


def _delay(sent: np.ndarray, end: int, rng: np.random.Generator) -> np.ndarray:
    """Seconds from sending to the last result, at most until the sample ends."""
    low, high = _RESULT_DELAY_HOURS
    wanted = rng.uniform(low * 3_600, high * 3_600, len(sent))
    return np.asarray(np.minimum(wanted, rng.random(len(sent)) * (end - sent)).astype(np.int64))


def _with_revisions(
    table: pa.Table,
    sent: np.ndarray,
    viewed: np.ndarray,
    purchased: np.ndarray,
    price: np.ndarray,
    updated: np.ndarray,
    rng: np.random.Generator,
) -> pa.Table:
    """Some messages appear twice: first with early results, later with the final ones.

    The early row keeps the place in the table; the final one is appended with the
    later `updated_at`, and only it agrees with the hidden rates.
    """
    is_revised = (rng.random(len(sent)) < _REVISED_SHARE) & (updated - sent > 3_600)
    revised = np.flatnonzero(is_revised)
    early_views = rng.binomial(viewed[revised], 0.6)
    early_buys = rng.hypergeometric(
        purchased[revised], viewed[revised] - purchased[revised], early_views
    )
    final = table.take(pa.array(revised))

    viewed, purchased, updated = viewed.copy(), purchased.copy(), updated.copy()
    viewed[revised], purchased[revised] = early_views, early_buys
    updated[revised] = sent[revised] + (updated - sent)[revised] // 3
    first = table
    for name, values in (
        ("viewed_count", pa.array(viewed)),
        ("purchased_count", pa.array(purchased)),
        ("earnings", arrow.money(price * 100 * purchased)),
        ("updated_at", arrow.instants(updated)),
    ):
        position = first.schema.get_field_index(name)
        first = first.set_column(position, first.schema.field(position), values)
    return pa.concat_tables([first, final])


def _weekday(days: np.ndarray) -> np.ndarray:
    """Monday = 0 for days since 1970, which began on a Thursday."""
    return (days + 3) % 7
