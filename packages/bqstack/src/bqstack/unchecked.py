"""The names of values whose type depends on what they are asked for by, which no checker knows.

They are the only ones of the library's public signatures that are not checked: a recursive type
would ask for a cast at each key that is read, which checks nothing. What is only looked at, or
handed on, is an `object`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Anything in JSON and YAML, in Google's answers and in the engine's state.
type JsonValue = Any
type JsonObject = dict[str, Any]
# Of somebody else: read only.
type JsonMapping = Mapping[str, Any]
# A field of a message of the analyser, by name: a node, a list of them, a plain value or None.
type FieldValue = Any
