"""Statements that are longer than BigQuery takes: tables may have thousands of columns.

https://cloud.google.com/bigquery/quotas#query_jobs
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

# Of an unresolved query: 1 MB, in whichever unit.
MOST_BYTES = 1_000_000
# What a statement has besides the pieces of its tables.
_AROUND = 10_000


def grouped(pieces: Mapping[str, str]) -> list[list[str]]:
    """The names in their order, so that the pieces of each group make one statement."""
    groups: list[list[str]] = []
    left = 0
    for name, piece in pieces.items():
        length = size([piece])
        if not groups or length > left:
            groups.append([])
            left = MOST_BYTES - _AROUND
        groups[-1].append(name)
        left -= length
    return groups


def fits(pieces: Iterable[str]) -> bool:
    """Whether BigQuery takes the pieces as one statement."""
    return size(pieces) <= MOST_BYTES - _AROUND


def size(pieces: Iterable[str]) -> int:
    """Bytes of the pieces, with what stands between them."""
    return sum(len(piece.encode()) + len("\nUNION ALL\n") for piece in pieces)
