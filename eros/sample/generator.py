"""A whole sample from a seed, without clock, files or network."""

from __future__ import annotations

from datetime import date

import numpy as np

from eros.sample import assignments, captions, creators, messages
from eros.sample.sample_shape import Identity, Sample, Scale, Size, Truth


def generate(size: Size | Scale, seed: int, today: date) -> Sample:
    """Draw the sample that ends at the start of `today` in Los Angeles.

    The same arguments give the same rows. Creators and captions depend on the seed and
    size alone, so that samples of two days tell about the same pages. ValueError when
    the size asks for more creators or captions than there are names or texts.
    """
    scale = size.scale if isinstance(size, Size) else size
    identity = Identity(scale, seed, today)
    # One stream per part: a change in one part leaves the rows of the others alone.
    lasting = np.random.SeedSequence(seed).spawn(3)
    daily = np.random.SeedSequence([seed, today.toordinal()]).spawn(2)
    rng_creators, rng_captions, rng_legacy, rng_messages, rng_locks = (
        np.random.default_rng(sequence) for sequence in (*lasting, *daily)
    )

    pages = creators.draw(scale, rng_creators)
    bank = captions.draw(identity, pages, rng_captions)
    legacy = captions.legacy(identity, rng_legacy)
    locks = assignments.draw(identity, pages, bank, rng_locks)
    tables = {
        "caption_bank": bank.bank(pages),
        "captions": legacy,
        "mass_messages": messages.draw(identity, pages, bank, rng_messages),
        "active_caption_assignments": assignments.table(identity, pages, bank, locks, rng_locks),
        "schedule_recommendations": assignments.recommendations(
            identity, pages, bank, locks, legacy, rng_locks
        ),
    }
    return Sample(identity, tables, Truth(pages.table(), bank.truth(pages)))
