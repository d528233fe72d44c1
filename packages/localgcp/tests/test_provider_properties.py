"""Values on Pulumi's wire: secrets and unknowns must survive every way through."""

import pytest
from google.protobuf import struct_pb2

from localgcp.provider.properties import (
    SIGNATURE,
    UNKNOWN,
    UNKNOWN_STRING,
    Secret,
    conceal,
    decode,
    encode,
    has_unknown,
    reveal,
)

pytestmark = pytest.mark.unit

OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"


def struct(**fields: object) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    made.update(fields)
    return made


def test_values_come_back_as_they_were_sent() -> None:
    values = {
        "text": "x",
        "whole": 7,
        "part": 0.5,
        "flag": False,
        "list": [1, {"deep": Secret([UNKNOWN])}],
        "secret": Secret({"a": 1}),
    }
    assert decode(encode(values)) == values


def test_null_is_absent() -> None:
    assert decode(struct(gone=None, here=1)) == {"here": 1}
    assert decode(encode({"gone": None})) == {}


def test_unknown_travels_as_the_engines_sentinel() -> None:
    assert encode({"id": UNKNOWN}).fields["id"].string_value == UNKNOWN_STRING
    assert has_unknown(decode(struct(list=[{"n": UNKNOWN_STRING}])))


def test_an_output_value_is_what_it_holds() -> None:
    known = {SIGNATURE: OUTPUT, "value": 1}
    secret = {SIGNATURE: OUTPUT, "value": "x", "secret": True}
    pending = {SIGNATURE: OUTPUT}
    decoded = decode(struct(known=known, secret=secret, pending=pending))
    assert decoded == {"known": 1, "secret": Secret("x"), "pending": UNKNOWN}


def test_assets_are_refused() -> None:
    with pytest.raises(ValueError, match="assets"):
        decode(struct(file={SIGNATURE: "c44067f5952c0a294b673a41bacd8c17", "text": "x"}))


def test_reveal_opens_secrets_at_every_depth() -> None:
    assert reveal({"a": Secret({"b": [Secret(1)]})}) == {"a": {"b": [1]}}


def test_conceal_hides_what_was_hidden_in_the_inputs() -> None:
    inputs = {"labels": {"token": Secret("x")}, "all": Secret({"k": "v"})}
    state = {"labels": {"token": "x", "name": "n"}, "all": {"k": "v"}, "etag": "e"}
    assert conceal(state, inputs) == {
        "labels": {"token": Secret("x"), "name": "n"},
        "all": Secret({"k": "v"}),
        "etag": "e",
    }
