"""The Python twin of the SQL function `caption_key_v2` (docs/requirements.md)."""

from __future__ import annotations

import hashlib

# White space is exactly RE2's \s, which is what the SQL function sees. Python's own \s
# and split() are Unicode and also take U+000B: a non-breaking space would give another key.
_OTHER_WHITE_SPACE = "\t\n\f\r"


def normalised(message: str) -> str:
    """`message` in lower case, without outer and with single inner ASCII white space."""
    text = message.lower()
    for character in _OTHER_WHITE_SPACE:
        text = text.replace(character, " ")
    return " ".join(filter(None, text.split(" ")))


def caption_key(message: str | None) -> str | None:
    """SHA-256 of the normalised text as 64 lower-case hexadecimal digits; None for None."""
    if message is None:
        return None
    return hashlib.sha256(normalised(message).encode()).hexdigest()
