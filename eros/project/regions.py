"""Where BigQuery can keep a dataset: a misspelt location would fail at the first dataset.

Only the words of a region are checked, since Google opens further regions: the areas and
directions of https://cloud.google.com/bigquery/docs/locations#supported_locations, any number.
"""

from __future__ import annotations

import re
from difflib import get_close_matches

_MULTI_REGIONS = ("US", "EU")
_AREAS = (
    "africa",
    "asia",
    "australia",
    "europe",
    "me",
    "northamerica",
    "southamerica",
    "us",
)
_DIRECTIONS = (
    "central",
    "east",
    "north",
    "northeast",
    "northwest",
    "south",
    "southeast",
    "southwest",
    "west",
)
_REGION = re.compile(f"({'|'.join(_AREAS)})-({'|'.join(_DIRECTIONS)})[1-9][0-9]?")


def known(location: str) -> str:
    """The location, as it is written; raises ValueError if BigQuery cannot have it."""
    if location.upper() in _MULTI_REGIONS or _REGION.fullmatch(location.lower()):
        return location
    number = re.search(r"[1-9][0-9]?$", location)
    regions = [f"{a}-{d}{number[0] if number else 1}" for a in _AREAS for d in _DIRECTIONS]
    close = get_close_matches(location.lower(), [*_MULTI_REGIONS, *regions], n=1)
    meant = f"; did you mean {close[0]}?" if close else ", such as US, EU or europe-west1"
    raise ValueError(f"there is no such location in BigQuery{meant}")
