"""Caption texts without end: numbered combinations of the lines in `phrases.yaml`.

Every text has a number, and the numbers are walked in an order that looks random and
never repeats, so that different texts cost no check for duplicates.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import gcd, prod
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import yaml

PLACES = ("opening", "body", "hook", "closing", "sign")
NUMBERS = range(3, 61)
# Text of a chunk stays far below the 2 GiB that one Arrow string array can hold.
CHUNK_ROWS = 1_000_000


@dataclass(frozen=True)
class Phrasebook:
    """The lines of one language; `share` is its part of all captions."""

    language: str
    share: float
    lines: tuple[pa.Array, ...]

    @property
    def capacity(self) -> int:
        """How many different texts the book holds."""
        return prod(len(lines) for lines in self.lines)

    def texts(self, numbers: np.ndarray) -> pa.Array:
        """The texts with these numbers (0 to capacity - 1), one string each."""
        parts, rest = [], numbers
        for lines in self.lines:
            rest, choice = np.divmod(rest, len(lines))
            parts.append(lines.take(pa.array(choice)))
        return pc.binary_join_element_wise(*parts, " ", null_handling="skip")


@cache
def phrasebooks() -> tuple[Phrasebook, ...]:
    """All books of `phrases.yaml`, in its order."""
    document = yaml.safe_load(Path(__file__).with_name("phrases.yaml").read_text("utf-8"))
    return tuple(
        Phrasebook(language, book["share"], tuple(_expanded(book[place]) for place in PLACES))
        for language, book in document.items()
    )


def different_texts(rng: np.random.Generator, count: int) -> pa.ChunkedArray:
    """`count` different caption texts, languages mixed by their shares.

    Raises ValueError when the books do not hold so many.
    """
    main, *others = books = phrasebooks()
    quotas = [min(int(count * book.share), book.capacity) for book in others]
    if count - sum(quotas) > main.capacity:
        raise ValueError(f"the phrase books do not hold {count} different captions")
    walks = [_Walk.through(book.capacity, rng) for book in books]
    used = [0] * len(books)
    chunks = []
    for first in range(0, count, CHUNK_ROWS):
        last = min(first + CHUNK_ROWS, count)
        due = [quota * last // count for quota in quotas]
        due.insert(0, last - sum(due))
        texts = pa.concat_arrays(
            [
                book.texts(walk.numbers(start, stop))
                for book, walk, start, stop in zip(books, walks, used, due, strict=True)
            ]
        )
        chunks.append(texts.take(pa.array(rng.permutation(last - first))))
        used = due
    return pa.chunked_array(chunks, pa.string())


@dataclass(frozen=True)
class _Walk:
    """An affine walk that meets every number below `capacity` exactly once."""

    start: int
    step: int
    capacity: int

    @classmethod
    def through(cls, capacity: int, rng: np.random.Generator) -> _Walk:
        step = int(rng.integers(capacity // 3, capacity))
        while gcd(step, capacity) != 1:
            step += 1
        return cls(int(rng.integers(capacity)), step, capacity)

    def numbers(self, first: int, last: int) -> np.ndarray:
        """The numbers met at the positions first to last - 1, last at most capacity."""
        # 64 bits are enough: position and step are below capacity, and capacity^2 below 2^63.
        positions = np.arange(first, last, dtype=np.int64)
        return (self.start + positions * self.step) % self.capacity


def _expanded(lines: list[str | None]) -> pa.Array:
    variants: list[str | None] = []
    for line in lines:
        if line is not None and "{n}" in line:
            variants += [line.replace("{n}", str(n)) for n in NUMBERS]
        else:
            variants.append(line)
    return pa.array(variants, pa.string())
