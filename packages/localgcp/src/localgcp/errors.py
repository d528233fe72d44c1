"""The error that a user of the local cloud is meant to read."""

from __future__ import annotations


class LocalCloudError(Exception):
    """Something the reader can fix; `str()` of it is the whole message."""

    def __init__(self, message: str, *, fix: str | None = None) -> None:
        super().__init__(f"{message}\n  fix: {fix}" if fix else message)
