"""GAP_FILL is held to the arguments and columns that its page documents.

https://cloud.google.com/bigquery/docs/reference/standard-sql/time-series-functions#gap_fill
"""

from __future__ import annotations

import pytest

from bqstack.analysis.findings import Finding
from packages.bqstack.tests.checked import checked

# The first run on a machine compiles the analyser.
pytestmark = pytest.mark.timeout(600)

CALL = "GAP_FILL(TABLE @t, ts_column => 'dt', bucket_width => INTERVAL 1 DAY"
RIGHT = [
    f"SELECT dt, a, s, n FROM {CALL}, partitioning_columns => ['s'], value_columns =>"
    " [('a', 'linear'), ('n', 'NULL')], origin => DATETIME '2026-01-01 00:00:00',"
    " ignore_null_values => FALSE)",
    # Without value_columns all columns are there.
    "SELECT dt, a, b, s FROM GAP_FILL(TABLE @t, 'dt', INTERVAL 1 DAY)",
    "SELECT moment, n FROM GAP_FILL((SELECT ts AS moment, a + 1 AS n FROM @t), 'moment',"
    " INTERVAL 1 HOUR, value_columns => [('n', 'locf')])",
    # Each call has its own columns; the union shows their number, and who comes first.
    "SELECT d, b FROM GAP_FILL(TABLE @t, 'd', INTERVAL 1 DAY, value_columns => [('b', 'null')])"
    " UNION ALL SELECT * FROM GAP_FILL((SELECT a, s, d FROM @t), 'd', INTERVAL 1 DAY,"
    " value_columns => [('a', 'null')])",
    "SELECT x.dt, x.a, y.d, y.b FROM GAP_FILL(TABLE @t, 'dt', INTERVAL 1 DAY, value_columns =>"
    " [('a', 'null')]) AS x JOIN GAP_FILL(TABLE @t, 'd', INTERVAL 1 DAY, value_columns =>"
    " [('b', 'null')]) AS y ON x.a = y.b",
]
WRONG = {
    f"SELECT b FROM {CALL}, value_columns => [('a', 'locf')])": ("unknown-column", "b"),
    f"SELECT a FROM {CALL}, value_columns => [('a', 'mean')])": ("wrong-arguments", "'mean'"),
    f"SELECT s FROM {CALL}, value_columns => [('s', 'linear')])": ("wrong-type", "no number"),
    f"SELECT a FROM {CALL}, value_columns => [('a', 'null'), ('A', 'locf')])": (
        "duplicate",
        "twice",
    ),
    f"SELECT dt FROM {CALL}, value_columns => [('zz', 'null')])": ("unknown-column", "zz"),
    f"SELECT dt FROM {CALL}, value_columns => [('a', 1)])": ("wrong-arguments", "GAP_FILL"),
    f"SELECT dt FROM {CALL}, partitioning_columns => ['zz'])": ("unknown-column", "zz"),
    f"SELECT dt FROM {CALL}, partitioning_columns => ['f'])": ("wrong-type", "a FLOAT64"),
    f"SELECT dt FROM {CALL}, partitioning_columns => ['arr'])": ("wrong-type", "an ARRAY"),
    f"SELECT dt FROM {CALL}, origin => DATE '2026-01-01')": ("wrong-type", "be a DATETIME"),
    f"SELECT dt FROM {CALL}, ignore_null_values => 1)": ("wrong-arguments", "GAP_FILL"),
    f"SELECT dt FROM {CALL}, width => 1)": ("wrong-arguments", "width"),
    "SELECT s FROM GAP_FILL(TABLE @t, 's', INTERVAL 1 DAY)": ("wrong-type", "names s"),
    "SELECT a FROM GAP_FILL(TABLE @t, 'zz', INTERVAL 1 DAY)": ("unknown-column", "zz"),
    "SELECT dt FROM GAP_FILL(TABLE @t, 'dt', 1)": ("wrong-arguments", "GAP_FILL"),
    "SELECT dt FROM GAP_FILL(TABLE @t, 'dt')": ("wrong-arguments", "GAP_FILL"),
    "SELECT dt FROM GAP_FILL(@t, 'dt', INTERVAL 1 DAY)": ("*", ""),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Finding]]:
    """What is found in each query."""
    return checked(tmp_path_factory, "views", [*RIGHT, *WRONG])


@pytest.mark.parametrize("query", RIGHT)
def test_what_is_documented_is_taken(found: dict[str, list[Finding]], query: str) -> None:
    assert found[query] == []


@pytest.mark.parametrize("query", WRONG)
def test_what_is_not_documented_is_found(found: dict[str, list[Finding]], query: str) -> None:
    rule, words = WRONG[query]
    [finding] = found[query]
    assert rule in ("*", finding.rule)
    assert words in finding.message
    assert finding.line == 2
