"""The one switch of Google's rules for load: `LOCALGCP_STRICT`, on unless it is `off`.

Off, statements that meet at a table wait for each other without limit, transactions over other
rows of a table both commit, and bytes billed and run times have no limit.
"""

from __future__ import annotations

import os

VARIABLE = "LOCALGCP_STRICT"
_WORDS = {"on": True, "off": False}


def is_strict() -> bool:
    """Whether Google's rules for load apply; ValueError for another word than on and off."""
    word = os.environ.get(VARIABLE, "on")
    if word not in _WORDS:
        raise ValueError(f"{VARIABLE} is {word!r}: set it to on or off, or leave it out")
    return _WORDS[word]
