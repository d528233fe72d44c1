"""Property values between Pulumi's wire format and plain Python.

On the wire a property is a protobuf Struct value; unknown values are fixed sentinel
strings, and secrets, outputs and resource references are objects with a signature key
(https://www.pulumi.com/docs/iac/guides/building-extending/providers/implementers/).
In this provider an unknown value is `UNKNOWN`, a secret is `Secret(value)`, an absent
value is an absent key, and everything else is JSON-like.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf import struct_pb2

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"
OUTPUT_SIGNATURE = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
RESOURCE_SIGNATURE = "5cf8f73096256a8f31e491e813e4eb8e"

UNKNOWN_STRING = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_UNKNOWN_SENTINELS = frozenset(
    {
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # bool
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        UNKNOWN_STRING,
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)
# Integers beyond this are not exact in the doubles that Struct carries.
_EXACT_DOUBLE = 2**53


class _Unknown:
    """A value that is not known before the update has run."""

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __copy__(self) -> "_Unknown":
        return self

    def __deepcopy__(self, _memo: dict) -> "_Unknown":
        return self


UNKNOWN = _Unknown()


@dataclass(frozen=True)
class Secret:
    """A value that the engine keeps encrypted in its state and masks in its output."""

    value: Any


def decode(struct: struct_pb2.Struct) -> dict[str, Any]:
    """The properties of a request, without null values."""
    decoded = {key: _decode_value(value) for key, value in struct.fields.items()}
    return {key: value for key, value in decoded.items() if value is not None}


def encode(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    """Properties for a response; absent (None) values are left out."""
    struct = struct_pb2.Struct()
    for key in sorted(properties):
        if properties[key] is not None:
            struct.fields[key].CopyFrom(_encode_value(properties[key]))
    return struct


def _decode_value(value: struct_pb2.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return _decode_object(value.struct_value)
    if kind == "list_value":
        return [_decode_value(item) for item in value.list_value.values]
    if kind == "string_value":
        return UNKNOWN if value.string_value in _UNKNOWN_SENTINELS else value.string_value
    if kind == "number_value":
        number = value.number_value
        exact = number.is_integer() and abs(number) <= _EXACT_DOUBLE
        return int(number) if exact else number
    if kind == "bool_value":
        return value.bool_value
    return None


def _decode_object(struct: struct_pb2.Struct) -> Any:
    fields = struct.fields
    signature = fields[SIGNATURE].string_value if SIGNATURE in fields else ""
    if signature == SECRET_SIGNATURE:
        return Secret(_decode_value(fields["value"]))
    if signature == OUTPUT_SIGNATURE:
        inner = _decode_value(fields["value"]) if "value" in fields else UNKNOWN
        is_secret = "secret" in fields and fields["secret"].bool_value
        return Secret(inner) if is_secret else inner
    if signature == RESOURCE_SIGNATURE:
        # A provider that does not accept resources is sent ids; a reference that comes
        # anyway stands for its id, as the engine itself would lower it.
        return _decode_value(fields["id"]) if "id" in fields else fields["urn"].string_value
    if signature:
        raise ValueError("assets and archives are not inputs of any served resource type")
    return decode(struct)


def _encode_value(value: Any) -> struct_pb2.Value:
    if isinstance(value, Secret):
        return _encode_value({SIGNATURE: SECRET_SIGNATURE, "value": value.value})
    if value is UNKNOWN:
        return struct_pb2.Value(string_value=UNKNOWN_STRING)
    if value is None:
        return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
    if isinstance(value, bool):
        return struct_pb2.Value(bool_value=value)
    if isinstance(value, int | float):
        return struct_pb2.Value(number_value=value)
    if isinstance(value, str):
        return struct_pb2.Value(string_value=value)
    if isinstance(value, Mapping):
        return struct_pb2.Value(struct_value=encode(value))
    if isinstance(value, list | tuple):
        items = [_encode_value(item) for item in value]
        return struct_pb2.Value(list_value=struct_pb2.ListValue(values=items))
    raise TypeError(f"a property cannot hold a {type(value).__name__}")


def reveal(value: Any) -> Any:
    """The same value with every secret replaced by what it holds."""
    if isinstance(value, Secret):
        return reveal(value.value)
    if isinstance(value, dict):
        return {key: reveal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [reveal(item) for item in value]
    return value


def conceal(value: Any, like: Any) -> Any:
    """`value` with secrets wherever `like` has one at the same place."""
    if isinstance(value, Secret):
        return value
    if isinstance(like, Secret):
        return Secret(value)
    if isinstance(value, dict) and isinstance(like, dict):
        return {key: conceal(item, like.get(key)) for key, item in value.items()}
    if isinstance(value, list) and isinstance(like, list):
        padded = like + [None] * (len(value) - len(like))
        return [conceal(item, other) for item, other in zip(value, padded, strict=False)]
    return value


def has_unknown(value: Any) -> bool:
    """Whether any part of the value is unknown."""
    if isinstance(value, Secret):
        return has_unknown(value.value)
    if isinstance(value, dict):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    return value is UNKNOWN
