"""The caption bank with its hidden conversion rates, and the legacy captions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from eros.sample import arrow
from eros.sample.caption_keys import caption_key
from eros.sample.creators import Creators
from eros.sample.phrasebook import different_texts
from eros.sample.sample_shape import SCHEMAS, Identity, Scale

TIERS = ("budget", "standard", "premium", "luxury")
_TIER_SHARES = (0.30, 0.42, 0.22, 0.06)
# What a dearer tier does to the conversion rate.
_TIER_CONVERSION = np.array([1.35, 1.0, 0.65, 0.40])

# Beta(mean * K, (1 - mean) * K): small enough for real differences between captions.
_CONCENTRATION = 120.0
_INACTIVE_SHARE = 0.06
_NEVER_SENT_SHARE = 0.08
_NEW_SHARE = 0.10
_OLDEST_DAYS = 400
LEGACY_PER_CREATOR = 6


@dataclass(frozen=True)
class Captions:
    """All arrays have one entry per caption, page by page."""

    caption_id: pa.Array
    text: pa.ChunkedArray
    page: np.ndarray
    """Index into the creators."""
    tier: np.ndarray
    """Index into TIERS."""
    conversion_rate: np.ndarray
    popularity: np.ndarray
    """How readily the page's team picks the caption; 0 is never."""
    is_active: np.ndarray
    created: np.ndarray
    """Seconds since 1970, UTC."""

    def __len__(self) -> int:
        return len(self.page)

    def bank(self, creators: Creators) -> pa.Table:
        """The table `caption_bank`."""
        keys = [pa.array([caption_key(t) for t in c.to_pylist()]) for c in self.text.chunks]
        return pa.table(
            [
                self.caption_id,
                pa.array(creators.page_name).take(pa.array(self.page)),
                self.text,
                pa.chunked_array(keys, pa.string()),
                pa.array(TIERS).take(pa.array(self.tier)),
                pa.array(self.is_active),
                arrow.instants(self.created),
            ],
            schema=SCHEMAS["caption_bank"],
        )

    def truth(self, creators: Creators) -> pa.Table:
        """What the bank does not tell."""
        return pa.table(
            {
                "caption_id": self.caption_id,
                "page_name": pa.array(creators.page_name).take(pa.array(self.page)),
                "conversion_rate": self.conversion_rate,
                "popularity": self.popularity,
            }
        )


def draw(identity: Identity, creators: Creators, rng: np.random.Generator) -> Captions:
    """`captions_per_creator` captions for every page, all texts and keys different."""
    scale = identity.scale
    count = scale.captions
    page = np.repeat(np.arange(scale.creators), scale.captions_per_creator)
    tier = rng.choice(len(TIERS), count, p=_TIER_SHARES)
    mean = np.minimum(creators.conversion_mean[page] * _TIER_CONVERSION[tier], 0.5)
    rate = rng.beta(mean * _CONCENTRATION, (1 - mean) * _CONCENTRATION)
    # Teams notice what sells, but only roughly: there is something left to learn.
    popularity = rng.lognormal(0, 0.8, count) * np.sqrt(rate / mean + 0.05)
    never_sent = rng.random(count) < _NEVER_SENT_SHARE
    never_sent[:: scale.captions_per_creator] = False  # every page has something to send
    popularity[never_sent] = 0
    return Captions(
        caption_id=arrow.identifiers(f"{identity.prefix}c", count),
        text=different_texts(rng, count),
        page=page,
        tier=tier,
        conversion_rate=rate,
        popularity=popularity,
        is_active=rng.random(count) >= _INACTIVE_SHARE,
        created=_creation_times(identity, scale, rng),
    )


def legacy(identity: Identity, rng: np.random.Generator) -> pa.Table:
    """The old table `captions`: texts that never made it into the bank."""
    count = LEGACY_PER_CREATOR * identity.scale.creators
    ids = arrow.identifiers(f"{identity.prefix}old", count)
    # Another generator may walk into texts of the bank, as the old table does in life.
    return pa.table([ids, different_texts(rng, count)], schema=SCHEMAS["captions"])


def _creation_times(identity: Identity, scale: Scale, rng: np.random.Generator) -> np.ndarray:
    """Most captions are older than the message history, some arrived during it."""
    is_new = rng.random(scale.captions) < _NEW_SHARE
    is_new[:: scale.captions_per_creator] = False
    age_days = np.where(
        is_new,
        rng.uniform(1, scale.days, scale.captions),
        rng.uniform(scale.days, scale.days + _OLDEST_DAYS, scale.captions),
    )
    start = arrow.epoch_seconds(identity.start_of_today)
    return (start - age_days * arrow.DAY_SECONDS).astype(np.int64)
