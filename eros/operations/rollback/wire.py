"""Values of a checkpoint as the engine takes them, and as it gave new ones since.

A resource that has to be created again gets new values from Google: the number of a
notification channel, the name of a transfer config. Inputs of other resources hold the old
ones as plain text; `Relinked` puts the new ones in their place.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bqstack.state.state_files import SECRET_MARKER, SIGNATURE

# What the engine says for a value that a preview cannot know (sdk/go/common/resource/plugin).
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
# Shorter texts are found inside others by chance.
_SHORTEST_PART = 8


class Relinked:
    """Old values of resources and the new ones that stand for them."""

    def __init__(self) -> None:
        self._new: dict[str, str] = {}

    def learn(self, old: Any, new: Any) -> None:
        """Compare the values of one resource in the checkpoint with those of today."""
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            for key, value in old.items():
                if not is_secret(value):
                    self.learn(value, new.get(key))
        elif isinstance(old, str) and isinstance(new, str) and old and new and old != new:
            self._new[old] = new

    def include(self, other: Relinked) -> None:
        """Take over what another one knows."""
        self._new |= other._new

    def value(self, value: Any) -> Any:
        """`value` with the new texts; unknown as a whole when a part of it is."""
        if isinstance(value, Mapping):
            return {key: self.value(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.value(item) for item in value]
        return self._text(value) if isinstance(value, str) else value

    def _text(self, text: str) -> str:
        if text in self._new:
            return self._new[text]
        for old, new in self._new.items():
            if len(old) >= _SHORTEST_PART and old in text:
                if new == UNKNOWN:
                    return UNKNOWN
                text = text.replace(old, new)
        return text


def is_secret(value: Any) -> bool:
    """Whether the value is Pulumi's marker around a secret."""
    return isinstance(value, Mapping) and value.get(SIGNATURE) == SECRET_MARKER


def inputs(value: Any, links: Relinked) -> Any:
    """Inputs of a checkpoint whose secrets are open, for RegisterResource.

    Keys that begin with two underscores are the provider's and the engine's own notes.
    """
    if is_secret(value):
        opened = links.value(json.loads(value["plaintext"]))
        return {SIGNATURE: SECRET_MARKER, "value": opened}
    if isinstance(value, Mapping):
        return {key: inputs(item, links) for key, item in value.items() if key[:2] != "__"}
    if isinstance(value, list):
        return [inputs(item, links) for item in value]
    return links.value(value)
