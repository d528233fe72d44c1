"""Sizes and times as people read them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bqstack import amounts


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 B"),
        (1023, "1,023 B"),
        (1024, "1 KiB"),
        (1.5 * 2**30, "1.5 GiB"),
        (10 * 2**20, "10 MiB"),
        (123 * 2**40, "123 TiB"),
        (5000 * 2**50, "5,000 PiB"),
    ],
)
def test_bytes_have_three_digits_and_a_binary_unit(number, text):
    assert amounts.size(number) == text


@pytest.mark.parametrize(
    ("seconds", "options", "text"),
    [
        (0, {}, "less than a minute"),
        (-5, {}, "less than a minute"),
        (90, {}, "2 min"),
        (3580, {}, "1 h"),
        (86_400 * 2 + 300, {}, "2 d 5 min"),
        (3600, {}, "1 h"),
        (5400, {}, "1 h 30 min"),
        (86_400 * 3 + 3600 * 4 + 60, {}, "3 d 4 h"),
        (86_400, {"largest": "h"}, "24 h"),
        (100, {"smallest": "s"}, "1 min 40 s"),
        (7, {"smallest": "s"}, "7 s"),
        (0.2, {"smallest": "s"}, "0 s"),
        (5400, {"parts": 1}, "1 h"),
    ],
)
def test_a_time_is_shown_in_its_largest_units(seconds, options, text):
    assert amounts.span(timedelta(seconds=seconds), **options) == text


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ((0, "row"), "0 rows"),
        ((1, "row"), "1 row"),
        ((1234, "row"), "1,234 rows"),
        ((1, "query", "queries"), "1 query"),
        ((2, "query", "queries"), "2 queries"),
    ],
)
def test_a_count_agrees_with_its_noun(given, text):
    assert amounts.counted(*given) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.4234, "0.423"),
        (9.83, "9.83"),
        (1234567, "1,234,567"),
        (0, "0"),
        (0.0000123, "0.0000123"),
        (-0.0004, "-0.0004"),
    ],
)
def test_a_number_has_three_digits_that_count(value, text):
    assert amounts.plain(value) == text


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "$0.00"),
        (0.0042, "$0.0042"),
        (0.00001, "$0.00001"),
        (-0.000026, "-$0.00003"),
        (1234.5, "$1,234.50"),
        (-3, "-$3.00"),
    ],
)
def test_dollars(value: float, words: str) -> None:
    assert amounts.usd(value) == words
