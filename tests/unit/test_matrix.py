"""No kind of table is taken by the loader and left out of the matrix."""

from __future__ import annotations

import re
from random import Random

import pytest

from bqstack.catalogue.sql_objects import TABLE_KINDS, Kind
from bqstack.catalogue.statement_reader import OPTIONS
from tests import accepted
from tests.matrix import NO_DEFAULT, SEED, VALUES, Made, pairwise
from tests.matrix_objects import OTHERS


@pytest.fixture(scope="module")
def tables() -> list[Made]:
    return pairwise(Random(SEED))


def shape(kind: str) -> str:
    """A type without its numbers; what a STRUCT holds is no kind of its own."""
    return "STRUCT" if kind.startswith("STRUCT") else re.sub(r"\d+\b", "n", kind)


def test_every_type_of_a_column_has_values_and_a_table():
    assert {shape(kind) for kind in accepted.kinds()} == set(map(shape, VALUES))


def test_every_type_and_mode_that_rows_can_be_clustered_by_is_tried(tables):
    tried = {
        (shape(kind), mode, bool(table.layout.clause))
        for table in tables
        for kind, mode in map(table.columns.__getitem__, table.clusters)
    }
    taken = {
        (shape(kind), mode, is_partitioned)
        for kind in accepted.kinds()
        for mode in accepted.MODES
        for is_partitioned in (True, False)
        if accepted.can_cluster(kind, mode)
        and not (mode == "DEFAULT" and kind.startswith(NO_DEFAULT))
    }
    assert tried == taken
    assert {kind for kind, _, _ in taken if kind.startswith("RANGE")} == {
        "RANGE<DATE>",
        "RANGE<DATETIME>",
        "RANGE<TIMESTAMP>",
    }


def test_every_way_of_partitioning_is_tried(tables):
    def column(table: Made) -> str:
        return table.layout.column.removeprefix("p ")

    tried = {
        (column(table).split()[0], table.layout.clause) for table in tables if table.layout.clause
    }
    assert tried == {(kind, clause) for kind, _, clause in accepted.partitions()}
    modes = {
        (kind, mode)
        for kind, mode, _ in accepted.partitions()
        if any(column(table).startswith(accepted.column(kind, mode, "")) for table in tables)
    }
    assert modes == {(kind, mode) for kind, mode, _ in accepted.partitions()}


def test_every_option_of_every_kind_is_tried(tables):
    of_tables = " ".join(option for table in tables for option in table.layout.options)
    texts = {kind: of_tables if kind in TABLE_KINDS else "" for kind in OPTIONS}
    for path, text in OTHERS.items():
        kind = Kind(path.partition("/")[0])
        texts[kind] += text
    for kind, options in OPTIONS.items():
        assert {one for one in options if f"{one} = " not in texts[kind]} == set(), kind
