"""Secrets never reach a log.

Three nets: names that say that the value is secret, forms that only secrets have, and the
very values that the environment holds under such names.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "[redacted]"

# `key` alone is no secret name here: caption_key, page keys. An identity is none either.
_NAME = re.compile(
    r"(?i)(secret|token|passw(or)?d|passphrase|credential|authori[sz]ation|webhook|cookie"
    r"|api_?key|private_?key|service_?key|routing_?key|access_?key|ciphertext)"
)
_FORMS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)"
    r"|\bya29\.[\w.-]+"  # Google access token
    r"|\b1//[\w-]{20,}"  # Google refresh token
    r"|\bGOCSPX-[\w-]+"  # OAuth client secret
    r"|\bAIza[\w-]{30,}"  # Google API key
    r"|\bxox[a-z]-[\w-]+"  # Slack token
    r"|https://hooks\.slack\.com/\S+"
    r"|\bpul-[0-9a-f]{20,}"  # Pulumi access token
    r"|\bgh[pousr]_\w{20,}"  # GitHub token
    r"|\beyJ[\w-]+\.[\w-]+\.[\w-]+"  # JSON web token
    r"|(?<=://)[^\s/:@]+:[^\s/@]+(?=@)"  # user:password of a URL
)
# `Authorization: Bearer x`, `password=x`, `--token x`; the quote is kept for the reader.
_SAID = re.compile(
    r"(?i)(\bbearer\s+|--[\w-]*(?:secret|token|password|passphrase|api-?key)\s+"
    r"|\b[\w-]*(?:secret|token|password|passphrase|api[_-]?key)[\"']?\s*[=:]\s*[\"']?)"
    r"([^\s\"',;]{4,})"
)
# Shorter values occur by chance in ordinary text.
_SHORTEST_VALUE = 8


def redacted(value: Any, _name: str = "") -> Any:
    """`value` with every secret in it replaced; mappings and sequences are copied."""
    if _name and value is not None and not isinstance(value, bool | int) and _NAME.search(_name):
        return HIDDEN
    if isinstance(value, str):
        return _clean(value)
    if isinstance(value, Mapping):
        return {str(key): redacted(item, str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redacted(item) for item in value]
    return value


def _clean(text: str) -> str:
    for secret in _environment():
        text = text.replace(secret, HIDDEN)
    text = _FORMS.sub(HIDDEN, text)
    return _SAID.sub(lambda match: match[1] + HIDDEN, text)


def _environment() -> list[str]:
    """Values of environment variables whose name says that they are secret, longest first."""
    found = {
        value
        for name, value in os.environ.items()
        # Names of files (GOOGLE_APPLICATION_CREDENTIALS, ..._FILE) are worth reading.
        if len(value) >= _SHORTEST_VALUE and _NAME.search(name) and not os.path.exists(value)
    }
    return sorted(found, key=len, reverse=True)
