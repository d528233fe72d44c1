"""A translation that the local BigQuery remembers is never another statement's, nor out of date."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
import sqlglot
from google.api_core.exceptions import GoogleAPICallError
from local_bigquery.catalog import metadata, row_access
from local_bigquery.sql.dialect import BigQueryDialect
from local_bigquery.sql.translate import Context

from localgcp.bigquery import translations
from packages.localgcp.tests.rest_support import PROJECT, emulator

# As in test_job_history: the client and Pulumi's protocol define the same message.
if TYPE_CHECKING:
    from google.cloud import bigquery

FIRST, SECOND = "__variable_0123456789ab", "__variable_ba9876543210"


# The key ----------------------------------------------------------------------------------


@pytest.fixture
def made(monkeypatch) -> list[str]:
    """Texts that were translated, not remembered; the catalogue is empty."""
    monkeypatch.setattr(row_access, "secured", frozenset)
    monkeypatch.setattr(metadata, "load", lambda *_: None)
    monkeypatch.setattr(translations, "versions", lambda: (1,))
    return []


def remembering(made: list[str]) -> translations.Memory:
    def make(tree: Any, context: Context) -> tuple[str, dict[str, Any]]:
        text = tree.sql(dialect=BigQueryDialect)
        made.append(text)
        context.used.clear()
        for name, table in context.variables.items():
            text = text.replace(name, f"(SELECT __value FROM {table})")
        return text, {}

    return translations.Memory(make)


def ask(memory: translations.Memory, sql: str, **context: Any) -> str:
    tree = sqlglot.parse_one(sql, dialect=BigQueryDialect)
    return memory.translate(tree, Context("p", "d", **context))[0]


def test_a_statement_is_translated_once_whatever_its_variables_are_stored_in(made):
    memory = remembering(made)
    for table in (FIRST, SECOND, FIRST):
        found = ask(memory, "SELECT total + 1 FROM t", variables={"total": table, "other": "x"})
        assert found == f"SELECT (SELECT __value FROM {table}) + 1 FROM t"
    assert len(made) == 1
    assert memory.hits == 2


def test_two_variables_are_not_taken_for_each_other(made):
    memory = remembering(made)
    for one, two in ((FIRST, SECOND), (SECOND, FIRST), (FIRST, FIRST)):
        found = ask(memory, "SELECT alpha - beta", variables={"alpha": one, "beta": two})
        assert found == f"SELECT (SELECT __value FROM {one}) - (SELECT __value FROM {two})"


@pytest.mark.parametrize(
    "texts",
    [
        ("SELECT 1", "SELECT TRUE", "SELECT '1'", "SELECT 1.0", "SELECT b'1'", "SELECT 1 AS x"),
        ("SELECT a", "SELECT `a`", "SELECT A", "SELECT a.b", "SELECT a, b", "SELECT (a)"),
        ("SELECT a FROM t", "SELECT a FROM d.t", "SELECT a FROM p.d.t", "SELECT a FROM t AS u"),
        ("SELECT (a + b) * c", "SELECT a + b * c", "SELECT a + (b * c)"),
        ("SELECT [a, b], c", "SELECT [a], b, c", "SELECT [a, b, c]"),
        ("SELECT f(a), b", "SELECT f(a, b)", "SELECT f(), a, b"),
        ("SELECT a UNION ALL SELECT b", "SELECT a UNION DISTINCT SELECT b"),
        ("DELETE FROM t WHERE TRUE", "DELETE FROM t WHERE FALSE"),
        ("CREATE TEMP TABLE x AS SELECT 1 AS a", "CREATE TEMP TABLE y AS SELECT 1 AS a"),
        ("CREATE TEMP TABLE x AS SELECT 1 AS a", "CREATE OR REPLACE TEMP TABLE x AS SELECT 1 AS a"),
    ],
)
def test_different_statements_are_translated_each(made, texts):
    memory = remembering(made)
    for _ in range(2):
        assert [ask(memory, text) for text in texts] == made[: len(texts)]
    assert len(made) == len(texts)


@pytest.mark.parametrize(
    "changed",
    [
        {"dataset_id": "other"},
        {"project_id": "other"},
        {"temporary": {"t"}},
        {"parameters": {"q": "$q"}, "values": {"q": 1}},
        {"position": 1},
        {"variables": {"a": FIRST}},
    ],
)
def test_another_context_is_another_translation(made, changed):
    memory = remembering(made)
    tree = sqlglot.parse_one("SELECT a FROM t", dialect=BigQueryDialect)
    memory.translate(tree, Context("p", "d"))
    memory.translate(tree, Context(**{"project_id": "p", "dataset_id": "d", **changed}))
    assert len(made) == 2


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM INFORMATION_SCHEMA.TABLES",
        "SELECT * FROM d.INFORMATION_SCHEMA.TABLES",
        "SELECT * FROM d.__TABLES__",
        "SELECT * FROM `region-us`.INFORMATION_SCHEMA.JOBS",
        "SELECT * FROM `d.events_*`",
        "SELECT * FROM t FOR SYSTEM_TIME AS OF CURRENT_TIMESTAMP()",
        "CREATE TABLE t AS SELECT 1 AS a",
        "CREATE TEMP FUNCTION f() AS (1)",
        "DROP TABLE t",
    ],
)
def test_what_depends_on_more_than_its_text_is_translated_each_time(made, sql):
    memory = remembering(made)
    for _ in range(2):
        ask(memory, sql)
    assert len(made) == 2


def test_a_change_of_the_catalogue_ends_what_was_known_of_tables(made, monkeypatch):
    memory = remembering(made)
    for _ in range(2):
        ask(memory, "SELECT a FROM t")
        memory.forgetting(lambda: None)()
    monkeypatch.setattr(translations, "versions", lambda: (2,))
    ask(memory, "SELECT a FROM t")
    assert len(made) == 3


def test_nothing_is_kept_where_rows_are_secured(made, monkeypatch):
    memory = remembering(made)
    monkeypatch.setattr(row_access, "secured", lambda: frozenset({("p", "d", "t")}))
    for _ in range(2):
        ask(memory, "SELECT a FROM t")
    assert len(made) == 2


# The server -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client(tmp_path_factory) -> Iterator[bigquery.Client]:
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import bigquery

    with emulator(tmp_path_factory.mktemp("translations")) as url:
        found = bigquery.Client(
            project=PROJECT,
            credentials=AnonymousCredentials(),
            client_options={"api_endpoint": url},
        )
        for dataset in ("d", "e"):
            found.create_dataset(dataset)
        yield found


def run(client: bigquery.Client, sql: str, dataset: str = "d", parameters: Any = ()) -> list[Any]:
    from google.cloud import bigquery

    config = bigquery.QueryJobConfig(
        default_dataset=f"{PROJECT}.{dataset}", query_parameters=list(parameters)
    )
    job = client.query(sql, job_config=config, retry=None, job_retry=None)
    return [next(iter(row.values())) for row in job.result()]


@pytest.mark.emulator
def test_a_table_that_changes_its_type_is_read_as_what_it_is(client):
    query = "SELECT CAST(x + 1 AS STRING) FROM changing"
    run(client, "CREATE TABLE changing AS SELECT 7 AS x")
    assert run(client, query) == run(client, query) == ["8"]
    run(client, "CREATE OR REPLACE TABLE changing AS SELECT DATE '2026-02-28' AS x")
    assert run(client, query) == ["2026-03-01"]
    run(client, "DROP TABLE changing")
    with pytest.raises(GoogleAPICallError, match="Not found: Table"):
        run(client, query)


@pytest.mark.emulator
def test_a_view_is_read_as_it_stands(client):
    run(client, "CREATE VIEW shown AS SELECT 1 AS x")
    assert run(client, "SELECT x + 1 FROM shown") == [2]
    run(client, "CREATE OR REPLACE VIEW shown AS SELECT DATE '2026-02-28' AS x")
    assert str(run(client, "SELECT x + 1 FROM shown")[0]) == "2026-03-01"


@pytest.mark.emulator
def test_the_same_text_in_two_datasets_reads_two_tables(client):
    for dataset, value in (("d", 1), ("e", 2)):
        run(client, f"CREATE TABLE own AS SELECT {value} AS x", dataset)
    for _ in range(2):
        assert run(client, "SELECT x FROM own", "d") == [1]
        assert run(client, "SELECT x FROM own", "e") == [2]


@pytest.mark.emulator
def test_variables_of_a_loop_and_of_nested_calls_have_their_own_values(client):
    run(
        client,
        """
        CREATE TABLE seen (a INT64, b STRING);
        CREATE PROCEDURE inner_one(n INT64, OUT doubled INT64)
        BEGIN DECLARE held INT64 DEFAULT n; SET doubled = held * 2; END;
        CREATE PROCEDURE outer_one()
        BEGIN
          DECLARE held INT64 DEFAULT 100; DECLARE got INT64;
          FOR row IN (SELECT * FROM UNNEST([1, 2, 3]) AS n ORDER BY n) DO
            BEGIN
              DECLARE held STRING DEFAULT CONCAT('row ', CAST(row.n AS STRING));
              CALL inner_one(row.n, got);
              INSERT INTO seen VALUES (got, held);
            END;
          END FOR;
          INSERT INTO seen VALUES (held, NULL);
        END
        """,
    )
    shown = "SELECT FORMAT('%d %t', a, b) FROM seen ORDER BY a"
    expected = ["2 row 1", "4 row 2", "6 row 3", "100 NULL"]
    for _ in range(2):
        run(client, "DELETE FROM seen WHERE TRUE; CALL outer_one()")
        assert run(client, shown) == expected


@pytest.mark.emulator
def test_parameters_and_system_variables_are_those_of_the_call(client):
    from google.cloud.bigquery import ScalarQueryParameter

    for kind, value, shown in (("INT64", 4, "5"), ("INT64", 9, "10"), ("FLOAT64", 0.5, "1.5")):
        given = [ScalarQueryParameter("n", kind, value)]
        assert run(client, "SELECT CAST(@n + 1 AS STRING)", parameters=given) == [shown]
    run(client, "CREATE TABLE counted (a INT64)")
    script = "INSERT INTO counted SELECT * FROM UNNEST(GENERATE_ARRAY(1, @n)); SELECT @@row_count"
    for count in (3, 5, 3):
        given = [ScalarQueryParameter("n", "INT64", count)]
        assert run(client, script, parameters=given) == [count]
    for word in ("one", "two"):
        text = f"BEGIN RAISE USING MESSAGE = '{word}'; EXCEPTION WHEN ERROR THEN"
        assert run(client, f"{text} SELECT @@error.message; END") == [word]
    for one in (1, 2):
        text = f"DECLARE x INT64 DEFAULT {one}; EXECUTE IMMEDIATE 'SELECT @v + 1' USING x AS v;"
        assert run(client, text) == [one + 1]


@pytest.mark.emulator
def test_temporary_tables_of_one_name_have_their_own_columns(client):
    for column, value in (("a", 1), ("b", 2)):
        script = (
            f"CREATE TEMP TABLE held AS SELECT [STRUCT({value} AS {column}, 0 AS z)] AS rows;"
            f"SELECT {column} FROM held, UNNEST(rows)"
        )
        assert run(client, script) == [value]
    everything = "CREATE TEMP TABLE held AS SELECT {}; SELECT TO_JSON_STRING(held) FROM held"
    assert run(client, everything.format("1 AS a")) == ['{"a":1}']
    assert run(client, everything.format("2 AS b, 3 AS c")) == ['{"b":2,"c":3}']


@pytest.mark.emulator
def test_rules_that_a_table_gets_later_hold(client):
    run(client, "CREATE TABLE parted (day DATE, x INT64) PARTITION BY day")
    assert run(client, "SELECT COUNT(*) FROM parted") == [0]
    run(client, "ALTER TABLE parted SET OPTIONS (require_partition_filter = TRUE)")
    with pytest.raises(GoogleAPICallError, match="partition elimination"):
        run(client, "SELECT COUNT(*) FROM parted")
    run(client, "CREATE TABLE secret AS SELECT 1 AS x UNION ALL SELECT 2")
    assert run(client, "SELECT COUNT(*) FROM secret") == [2]
    run(client, "CREATE ROW ACCESS POLICY some ON secret GRANT TO ('allUsers') FILTER USING (x=1)")
    assert run(client, "SELECT COUNT(*) FROM secret") == [1]
    run(client, "DROP ALL ROW ACCESS POLICIES ON secret")
    assert run(client, "SELECT COUNT(*) FROM secret") == [2]


@pytest.mark.emulator
def test_a_table_is_gone_when_it_expires(client):
    run(
        client,
        "CREATE TABLE brief OPTIONS (expiration_timestamp ="
        " TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 3 SECOND)) AS SELECT 1 AS x",
    )
    assert run(client, "SELECT x FROM brief") == [1]
    time.sleep(3.5)
    with pytest.raises(GoogleAPICallError, match="Not found: Table"):
        run(client, "SELECT x FROM brief")


@pytest.mark.emulator
def test_a_listing_counts_the_rows_that_are_there_now(client):
    listing = (
        "SELECT FORMAT('%s %d %d', table_id, row_count, type) FROM {}.__TABLES__"
        " WHERE table_id LIKE 'listed%' ORDER BY table_id"
    )
    run(client, "CREATE TABLE listed_one (a INT64); CREATE VIEW listed_view AS SELECT 1 AS a")
    run(client, "CREATE TABLE listed_one AS SELECT 1 AS a", "e")
    run(client, "INSERT INTO listed_one SELECT * FROM UNNEST([1, 2, 3])")
    for _ in range(2):
        assert run(client, listing.format("d")) == ["listed_one 3 1", "listed_view 0 2"]
        assert run(client, listing.format("e")) == ["listed_one 1 1"]
    run(client, "DELETE FROM listed_one WHERE a > 1")
    assert run(client, listing.format("d")) == ["listed_one 1 1", "listed_view 0 2"]
    run(client, "DELETE FROM listed_one WHERE TRUE; DROP VIEW listed_view")
    assert run(client, listing.format("d")) == ["listed_one 0 1"]
    run(client, "DROP TABLE listed_one")
    assert run(client, listing.format("d")) == []
