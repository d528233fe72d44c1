"""Names, texts and sums on the local BigQuery, where DuckDB has others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from packages.localgcp.tests.rest_support import PROJECT, emulator

# As in test_job_history: the client and Pulumi's protocol define the same message.
if TYPE_CHECKING:
    from google.cloud import bigquery

pytestmark = pytest.mark.emulator


@pytest.fixture(scope="module")
def client(tmp_path_factory) -> Iterator[bigquery.Client]:
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import bigquery

    with emulator(tmp_path_factory.mktemp("names")) as url:
        made = bigquery.Client(
            project=PROJECT,
            credentials=AnonymousCredentials(),
            client_options={"api_endpoint": url},
        )
        made.create_dataset("d")
        rows(
            made,
            """
            CREATE TABLE d.t (p STRING, f FLOAT64, i INT64, b BYTES);
            INSERT INTO d.t VALUES ('a', 0, 1, b'x'), ('a', 1.5, 2, NULL), ('b', 2, 5, NULL);
            CREATE VIEW d.v AS SELECT * FROM d.t;
            CREATE TABLE FUNCTION d.text(x FLOAT64) AS (SELECT CAST(x AS STRING) AS s);
            CREATE TABLE FUNCTION d.beyond(a STRUCT<least INT64, more STRUCT<name STRING>>)
            AS (SELECT t.i - a.least AS n, a.more.name FROM d.t AS t WHERE t.i > a.least);
            CREATE TABLE FUNCTION d.often(least INT64)
            AS (SELECT p, COUNT(*) AS n FROM d.t GROUP BY p HAVING n > least);
            """,
        )
        yield made


def rows(client: bigquery.Client, sql: str) -> list[tuple[Any, ...]]:
    job = client.query(sql, retry=None, job_retry=None)
    return [tuple(row.values()) for row in job.result()]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT CAST(f AS STRING) FROM (SELECT * FROM d.t) ORDER BY f", ["0", "1.5", "2"]),
        ("SELECT SAFE_CAST(f AS STRING) FROM (SELECT * FROM d.v) WHERE f = 2", ["2"]),
        ("WITH x AS (SELECT * FROM d.t) SELECT CAST(y.f AS STRING) FROM x AS y WHERE f = 0", ["0"]),
        ("SELECT CAST(s.f AS STRING) FROM (SELECT STRUCT(2.0 AS f) AS s)", ["2"]),
        (
            "SELECT CAST(MAX(f) AS STRING) AS m FROM (SELECT * FROM d.t) GROUP BY p ORDER BY m",
            ["1.5", "2"],
        ),
        (
            "SELECT CAST((SELECT MAX(x.f) FROM d.t AS x WHERE x.p = y.p) AS STRING)"
            " FROM (SELECT * FROM d.t) AS y WHERE i = 5",
            ["2"],
        ),
        ("SELECT s FROM d.text(4)", ["4"]),
        ("DECLARE x FLOAT64 DEFAULT 7; SELECT CAST(x AS STRING)", ["7"]),
        # What is no number of this kind keeps its text.
        ("SELECT CAST(i AS STRING) FROM (SELECT * FROM d.t) WHERE i = 5", ["5"]),
        ("SELECT CAST(b AS STRING) FROM (SELECT * FROM d.t) WHERE i = 1", ["x"]),
        ("SELECT CAST(p AS STRING) FROM (SELECT '2.0' AS p)", ["2.0"]),
        ("SELECT CAST(p AS STRING) FROM (SELECT * FROM (SELECT '2.0' AS p))", ["2.0"]),
    ],
)
def test_a_float64_without_a_fraction_has_no_point_as_text(client, sql, expected):
    assert rows(client, sql) == [(one,) for one in expected]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (
            "FOR r IN (SELECT JSON '{\"a\": 1}' AS j) DO SET q = TO_JSON_STRING(r.j); END FOR",
            '{"a":1}',
        ),
        ("FOR r IN (SELECT 'x' AS k) DO SET q = r.k; END FOR", "x"),
        ("SET s = STRUCT(STRUCT('y' AS q) AS inner_one, 'z' AS q); SET q = s.q", "z"),
        ("SET s = STRUCT(STRUCT('y' AS q) AS inner_one, 'z' AS q); SET q = s.inner_one.q", "y"),
    ],
)
def test_a_variable_is_set_from_a_path(client, sql, expected):
    script = f"DECLARE q STRING; DECLARE s STRUCT<inner_one STRUCT<q STRING>, q STRING>; {sql};"
    assert rows(client, f"{script} SELECT q") == [(expected,)]


def test_a_variable_of_json_is_set_from_a_field(client):
    script = """
        DECLARE q JSON;
        DECLARE s STRUCT<j JSON>;
        SET s = STRUCT(JSON '{"a": 1}' AS j);
        SET q = s.j;
        SELECT TO_JSON_STRING(q)
    """
    assert rows(client, script) == [('{"a":1}',)]


def test_fields_of_a_variable_are_read_at_any_depth(client):
    script = """
        DECLARE s STRUCT<a STRUCT<b STRUCT<c INT64>>>;
        SET s = STRUCT(STRUCT(STRUCT(4 AS c) AS b) AS a);
        SELECT s.a.b.c, s.a.b.c + 1 AS more, i FROM d.t WHERE i > s.a.b.c
    """
    assert rows(client, script) == [(4, 5, 5)]


def test_a_field_of_an_argument_is_no_column(client):
    call = (
        "SELECT n, name FROM d.beyond(STRUCT(1 AS least, STRUCT('x' AS name) AS more)) ORDER BY n"
    )
    assert rows(client, call) == [(1, "x"), (4, "x")]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT p, COUNT(*) AS n FROM d.t GROUP BY p HAVING n > 1",
        "DECLARE n INT64 DEFAULT 9; SELECT p, COUNT(*) AS n FROM d.t GROUP BY p HAVING n IN (2, 3)",
        "SELECT p, COUNT(*) AS n FROM d.t GROUP BY p HAVING n > 1 AND MAX(i) = 2",
        "SELECT p, s.c FROM"
        " (SELECT p, STRUCT(COUNT(*) AS c) AS s FROM d.t GROUP BY p HAVING s.c > 1)",
        # Within an aggregate it is the column.
        "SELECT p, COUNT(*) AS i FROM d.t GROUP BY p HAVING MAX(i) = 2",
        "SELECT * FROM d.often(1)",
    ],
)
def test_having_knows_the_alias_of_an_aggregate(client, sql):
    assert rows(client, sql) == [("a", 2)]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT SUBSTR('abcdefghij', n) FROM (SELECT SUM(i) AS n FROM d.t)", "hij"),
        ("SELECT [0, 1, 2, 3, 4, 5, 6, 7, 8][OFFSET(n)] FROM (SELECT SUM(i) AS n FROM d.t)", 8),
        ("SELECT REPEAT('x', SUM(n)) FROM (SELECT SUM(i) AS n FROM d.t GROUP BY p)", "xxxxxxxx"),
        ("SELECT SUM(i) OVER () FROM d.t LIMIT 1", 8),
        ("SELECT SUM(DISTINCT i) FROM d.t", 8),
        ("SELECT SUM(i) AS n FROM d.t GROUP BY ALL", 8),
        ("SELECT b FROM (SELECT p, i FROM d.t) PIVOT(SUM(i) FOR p IN ('a' AS a, 'b' AS b))", 5),
        ("SELECT SUM(f) FROM d.t", 3.5),
        ("SELECT SUM(i) FROM d.t WHERE FALSE", None),
    ],
)
def test_the_sum_of_int64_is_one(client, sql, expected):
    assert rows(client, sql) == [(expected,)]


def test_a_sum_beyond_int64_is_an_error(client):
    from google.api_core.exceptions import BadRequest

    with pytest.raises(BadRequest, match="out of range"):
        rows(client, "SELECT SUM(9223372036854775807) FROM UNNEST([1, 2])")


def test_a_view_of_what_has_gone_is_still_there(client):
    """BigQuery describes it and says what is missing when it is read."""
    from google.api_core.exceptions import GoogleAPICallError

    rows(client, "CREATE TABLE d.worn (a INT64, b INT64)")
    rows(client, "CREATE VIEW d.of_worn AS SELECT b FROM d.worn")
    rows(client, "ALTER TABLE d.worn DROP COLUMN b")
    assert client.get_table("d.of_worn").table_type == "VIEW"
    with pytest.raises(GoogleAPICallError, match="b"):
        rows(client, "SELECT * FROM d.of_worn")
    rows(client, "DROP TABLE d.worn")
    assert client.get_table("d.of_worn").table_type == "VIEW"
    with pytest.raises(GoogleAPICallError, match="worn"):
        rows(client, "SELECT * FROM d.of_worn")
    rows(client, "CREATE OR REPLACE VIEW d.of_worn AS SELECT 1 AS b")
    assert rows(client, "SELECT * FROM d.of_worn") == [(1,)]
