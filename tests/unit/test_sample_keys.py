"""The Python twin of caption_key_v2 against the vectors of docs/requirements.md."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eros.sample import caption_key
from eros.sample.caption_keys import normalised

TEST_MESSAGE = "3f0a377ba0a4a460ecb616f6507ce0d8cfa3e704025d4fda3ed0c5ca05468728"
VECTORS = [
    ("test message", TEST_MESSAGE),
    ("Test message", TEST_MESSAGE),
    ("  TEST\t\nmessage  ", TEST_MESSAGE),
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("Hey babe \U0001f618", "dbc8203237fd61ee14d183cf79081728b5b000399f23b0828ed3ac2cdb0798f4"),
    ("a\u00a0b", "9507017c6d887511a5a6ac28ea7e3a438882576e1bd76fe3df27a336f49c263b"),
    (None, None),
]


@pytest.mark.parametrize(("message", "key"), VECTORS)
def test_keys_match_the_vectors_of_the_specification(message, key):
    assert caption_key(message) == key


@pytest.mark.parametrize("kept", ["\u00a0", "\u2003", "\v", "\u200f", "\u3000"])
def test_only_ascii_white_space_of_re2_is_collapsed(kept):
    assert normalised(f"a{kept}b") == f"a{kept}b"
    assert normalised(f"{kept}a{kept}") == f"{kept}a{kept}"


@given(st.text(), st.text(alphabet=" \t\n\f\r", min_size=1))
def test_outer_and_repeated_white_space_does_not_matter(text, white):
    assert caption_key(f"{white}{text}{white}") == caption_key(text)
    assert caption_key(text.replace(" ", white)) == caption_key(text)


@given(st.text())
def test_normalising_twice_changes_nothing(text):
    once = normalised(text)
    assert normalised(once) == once
