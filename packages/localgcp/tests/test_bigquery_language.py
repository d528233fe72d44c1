"""GoogleSQL on the local BigQuery: what Google's pages say of a construct is what it gives."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from google.api_core.exceptions import BadRequest

from packages.localgcp.tests.rest_support import PROJECT, emulator

# As in test_job_history: the client and Pulumi's protocol define the same message.
if TYPE_CHECKING:
    from google.cloud import bigquery

pytestmark = pytest.mark.emulator


@pytest.fixture(scope="module")
def client(tmp_path_factory) -> Iterator[bigquery.Client]:
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import bigquery

    with emulator(tmp_path_factory.mktemp("language")) as url:
        made = bigquery.Client(
            project=PROJECT,
            credentials=AnonymousCredentials(),
            client_options={"api_endpoint": url},
        )
        made.create_dataset("d")
        run(
            made,
            """
            CREATE TABLE d.items (id INT64, xs ARRAY<STRUCT<k STRING, v INT64>>);
            INSERT INTO d.items VALUES (1, [('a', 1), ('b', 5)]), (2, []);
            CREATE TABLE d.pairs (id INT64, p STRUCT<x INT64, y STRING>);
            INSERT INTO d.pairs VALUES (1, (7, 'seven')), (2, NULL);
            CREATE FUNCTION d.wilson(a FLOAT64, b FLOAT64)
            AS (STRUCT(a + b AS lower, a * b AS upper));
            """,
        )
        yield made


def run(client: bigquery.Client, sql: str) -> list[Any]:
    """Rows as dictionaries of the columns, in the order of the query."""
    job = client.query(sql, retry=None, job_retry=None)
    return [dict(row) for row in job.result()]


def values(client: bigquery.Client, sql: str) -> list[Any]:
    return [next(iter(row.values())) for row in run(client, sql)]


# Structs ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    ["(d.wilson(50, 50)).*", "d.wilson(50, 50).*", "STRUCT(100.0 AS lower, 2500.0 AS upper).*"],
)
def test_the_fields_of_an_expression_are_columns(client, call):
    assert run(client, f"SELECT {call}") == [{"lower": 100.0, "upper": 2500.0}]


def test_the_fields_of_a_column_are_columns_and_null_without_a_struct(client):
    assert run(client, "SELECT t.id, t.p.* FROM d.pairs AS t ORDER BY id") == [
        {"id": 1, "x": 7, "y": "seven"},
        {"id": 2, "x": None, "y": None},
    ]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("(SELECT SUM(v) FROM UNNEST(xs))", [6, None]),
        ("(SELECT SUM(v) FROM UNNEST(xs) AS x)", [6, None]),
        ("(SELECT SUM(x.v) FROM UNNEST(xs) AS x)", [6, None]),
        ("(SELECT k FROM UNNEST(xs) WITH OFFSET AS o ORDER BY o DESC LIMIT 1)", ["b", None]),
        ("ARRAY(SELECT k FROM UNNEST(xs) WHERE v > 1)", [["b"], []]),
        (
            "(SELECT STRING_AGG(k, '' ORDER BY o DESC) FROM UNNEST(xs) AS x WITH OFFSET AS o)",
            ["ba", None],
        ),
    ],
)
def test_bare_names_are_fields_of_what_is_unnested(client, body, expected):
    arguments = "xs ARRAY<STRUCT<k STRING, v INT64>>"
    run(client, f"CREATE OR REPLACE FUNCTION d.over_items({arguments}) AS ({body})")
    assert values(client, "SELECT d.over_items(xs) AS r FROM d.items ORDER BY id") == expected
    # The same in a query, where the array is a column.
    assert values(client, f"SELECT {body} AS r FROM d.items ORDER BY id") == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (
            "WITH w AS (SELECT id, xs FROM d.items), z AS (SELECT * FROM w)"
            " SELECT id, k FROM z, UNNEST(xs) AS e WHERE v > 1",
            [{"id": 1, "k": "b"}],
        ),
        (
            "SELECT k FROM (SELECT id, ARRAY_CONCAT(xs, [('c', 9)]) AS ys FROM d.items) AS q,"
            " UNNEST(ys) AS e WHERE id = 1 ORDER BY v",
            [{"k": "a"}, {"k": "b"}, {"k": "c"}],
        ),
        (
            "SELECT k FROM d.items, UNNEST(ARRAY_CONCAT(xs, [('c', 9)])) AS e WHERE id = 2",
            [{"k": "c"}],
        ),
        (
            "CREATE TEMP TABLE kept AS SELECT id, xs FROM d.items;"
            " SELECT id, (SELECT STRING_AGG(k, '' ORDER BY v) FROM UNNEST(xs) AS e) AS r"
            " FROM kept ORDER BY id",
            [{"id": 1, "r": "ab"}, {"id": 2, "r": None}],
        ),
        (
            "DECLARE least INT64 DEFAULT 2; CREATE TEMP TABLE kept AS SELECT xs FROM d.items;"
            " FOR row_ IN (WITH w AS (SELECT * FROM kept)"
            " SELECT k FROM w, UNNEST(xs) AS e WHERE v > least) DO SELECT row_.k; END FOR",
            [{"k": "b"}],
        ),
        (
            "CREATE OR REPLACE FUNCTION d.first_key(xs ANY TYPE, least INT64)"
            " AS ((SELECT k FROM UNNEST(xs) AS e WHERE v > least));"
            " SELECT d.first_key(xs, 2) AS r FROM d.items WHERE id = 1",
            [{"r": "b"}],
        ),
    ],
)
def test_bare_names_are_fields_where_only_the_query_knows_the_type(client, sql, expected):
    assert run(client, sql) == expected


def test_a_long_chain_of_queries_over_unnested_arrays_is_answered(client):
    """Each asks for the types of the one before it: the stack of Python has an end."""
    chain = ["w0 AS (SELECT id, [1.5, 2.5] AS ns FROM d.items)"]
    chain += [
        f"w{n} AS (SELECT id, ARRAY(SELECT x + 1 FROM UNNEST(ns) AS x) AS ns FROM w{n - 1})"
        for n in range(1, 16)
    ]
    reported = run(client, f"WITH {', '.join(chain)} SELECT ns FROM w15 WHERE id = 1")
    assert reported == [{"ns": [16.5, 17.5]}]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT (SELECT STRUCT(1 AS a, 'x' AS b)).*", [{"a": 1, "b": "x"}]),
        (
            "SELECT id, (SELECT AS STRUCT COUNT(*) AS n, MAX(v) AS most FROM UNNEST(xs)).*, 7 AS z"
            " FROM d.items ORDER BY id",
            [{"id": 1, "n": 2, "most": 5, "z": 7}, {"id": 2, "n": 0, "most": None, "z": 7}],
        ),
        (
            "CREATE OR REPLACE FUNCTION d.best(xs ARRAY<STRUCT<k STRING, v INT64>>)"
            " AS ((SELECT AS STRUCT k, v FROM UNNEST(xs) ORDER BY v DESC LIMIT 1));"
            " SELECT id, d.best(xs).* FROM d.items ORDER BY id",
            [{"id": 1, "k": "b", "v": 5}, {"id": 2, "k": None, "v": None}],
        ),
    ],
)
def test_the_fields_of_what_a_subquery_gives_are_columns(client, sql, expected):
    assert run(client, sql) == expected


def test_what_duckdb_cannot_spread_names_the_local_bigquery(client):
    sql = (
        "SELECT (SELECT AS STRUCT (SELECT AS STRUCT COUNT(*) AS n FROM UNNEST(xs)).*) AS r"
        " FROM d.items"
    )
    with pytest.raises(BadRequest, match="The local BigQuery does not run `"):
        run(client, sql)
    with pytest.raises(BadRequest, match=r"does not know the fields of e here.*write e\.field"):
        run(
            client,
            "SELECT (SELECT MAX(k) FROM (SELECT t.xs AS ys) AS q, UNNEST(ys) AS e)"
            " FROM d.items AS t",
        )


def test_a_struct_that_is_unnested_without_a_name_is_its_fields(client):
    sql = "SELECT * FROM UNNEST([STRUCT('a' AS k, 1 AS v), ('b', 2)]) ORDER BY v"
    assert run(client, sql) == [{"k": "a", "v": 1}, {"k": "b", "v": 2}]
    assert run(client, "SELECT id, k FROM d.items, UNNEST(xs) ORDER BY v") == [
        {"id": 1, "k": "a"},
        {"id": 1, "k": "b"},
    ]


# Routines ---------------------------------------------------------------------------------


@pytest.mark.parametrize("returns", ["", " RETURNS TABLE<x INT64>"])
@pytest.mark.parametrize(
    "body",
    [
        "WITH a AS (SELECT 1 AS x UNION ALL SELECT 2) SELECT x FROM a WHERE x >= n",
        "(WITH a AS (SELECT 1 AS x UNION ALL SELECT 2) SELECT x FROM a WHERE x >= n)",
        "SELECT n AS x",
        "FROM UNNEST([1, 2]) AS x |> WHERE x >= n |> SELECT x",
    ],
)
def test_a_table_function_is_any_query(client, body, returns):
    from google.cloud import bigquery

    run(client, f"CREATE OR REPLACE TABLE FUNCTION d.g(n INT64){returns} AS {body}")
    assert run(client, "SELECT * FROM d.g(2)") == [{"x": 2}]
    columns = [{"name": "x", "type": {"typeKind": "INT64"}}]
    resource = {
        "routineReference": {"projectId": PROJECT, "datasetId": "d", "routineId": "by_rest"},
        "routineType": "TABLE_VALUED_FUNCTION",
        "language": "SQL",
        "arguments": [{"name": "n", "dataType": {"typeKind": "INT64"}}],
        "definitionBody": body,
        **({"returnTableType": {"columns": columns}} if returns else {}),
    }
    client.create_routine(bigquery.Routine.from_api_repr(resource))
    assert run(client, "SELECT * FROM d.by_rest(2)") == [{"x": 2}]
    client.delete_routine("d.by_rest")


def test_a_table_function_gives_the_columns_that_it_promises(client):
    with pytest.raises(BadRequest):
        run(client, "CREATE TABLE FUNCTION d.h(n INT64) RETURNS TABLE<y INT64> AS SELECT n AS x")


def test_options_may_stand_behind_a_body(client):
    run(client, "CREATE FUNCTION d.more(x INT64) AS (x + 1) OPTIONS (description = 'one more')")
    assert values(client, "SELECT d.more(1)") == [2]


def test_names_of_arguments_may_be_quoted(client):
    run(
        client,
        "CREATE PROCEDURE d.hand_over(`in` INT64, INOUT `inout` INT64)"
        " BEGIN SET `inout` = `in`; END",
    )
    assert values(client, "DECLARE x INT64; CALL d.hand_over(3, x); SELECT x") == [3]


def test_several_variables_are_set_from_one_struct(client):
    script = "DECLARE a INT64; DECLARE b STRING; SET (a, b) = (SELECT AS STRUCT 1, 'two');"
    assert run(client, f"{script} SELECT a, b") == [{"a": 1, "b": "two"}]
    with pytest.raises(BadRequest, match="needs a STRUCT of as many fields"):
        run(client, "DECLARE a INT64; DECLARE b STRING; SET (a, b) = (SELECT AS STRUCT 1);")


# Expressions and queries --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        # https://cloud.google.com/bigquery/docs/reference/standard-sql/operators
        (
            """FORMAT("%'d of %'.1f, 5%% of '%s'", 1234567, 1234.5, 'x')""",
            "1,234,567 of 1,234.5, 5% of 'x'",
        ),
        ("FORMAT('%t and %T', CAST(NULL AS INT64), COALESCE(NULL, NULL, 7))", "NULL and 7"),
        ("FORMAT('%t of %s', 1, CAST(NULL AS STRING))", None),
        ("'apple' LIKE ANY ('a%', '%b')", True),
        ("'x' LIKE ANY ('a%', NULL)", None),
        ("'a' NOT LIKE ANY ('a', 'b')", True),
        ("'a' NOT LIKE ALL ('a', 'b')", False),
        ("'c' NOT LIKE ALL ('a', 'b')", True),
        ("'a' LIKE ALL UNNEST(['a', '_'])", True),
        ("'a' LIKE ANY UNNEST(['b', NULL])", None),
        ("'a' NOT LIKE ALL UNNEST(['b'])", True),
        ("'a' LIKE ANY UNNEST(CAST([] AS ARRAY<STRING>))", False),
        # https://cloud.google.com/bigquery/docs/reference/standard-sql/functions-reference
        ("WITH(a AS 2, b AS a + 1, a * b)", 6),
        ("SAFE.SUBSTR('abc', 2, 1)", "b"),
        ("CONTAINS_SUBSTR(STRUCT('Äpfel' AS a, [1, 27] AS b), '27')", True),
        ("CONTAINS_SUBSTR('Äpfel', 'äP')", True),
        ("CONTAINS_SUBSTR('Äpfel', 'birne')", False),
        ("SEARCH('one two', 'TWO')", True),
        ("SEARCH('one two', 'two', analyzer => 'NO_OP_ANALYZER')", False),
    ],
)
def test_an_expression(client, expression, expected):
    assert values(client, f"SELECT {expression}") == [expected]


def test_a_column_with_the_name_of_an_inner_variable(client):
    assert values(client, "SELECT SAFE.SUBSTR(s, 1, 1) FROM (SELECT 'abc' AS s)") == ["a"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("FROM d.items |> DROP xs |> ORDER BY id", [{"id": 1}, {"id": 2}]),
        ("FROM d.items |> SET xs = id * 2 |> RENAME xs AS y |> WHERE id = 1", [{"id": 1, "y": 2}]),
        (
            "FROM d.items |> WITH few AS (SELECT 2 AS id) |> JOIN few USING (id) |> SELECT id",
            [{"id": 2}],
        ),
        (
            "SELECT 1 AS a FULL OUTER UNION ALL BY NAME SELECT 2 AS b ORDER BY a",
            [{"a": None, "b": 2}, {"a": 1, "b": None}],
        ),
        (
            "SELECT ARRAY_AGG(x IGNORE NULLS ORDER BY x DESC LIMIT 1) AS a"
            " FROM UNNEST([1, NULL, 3]) AS x",
            [{"a": [3]}],
        ),
    ],
)
def test_a_query(client, query, expected):
    assert run(client, query) == expected


@pytest.mark.parametrize("name", ["json", "csv", "distinct", "rollback", "order"])
def test_every_word_is_a_name_behind_a_dot(client, name):
    run(client, f"CREATE OR REPLACE VIEW `{PROJECT}`.d.{name} AS SELECT 1 AS x")
    assert run(client, f"SELECT t.x FROM `{PROJECT}`.d.{name} AS t") == [{"x": 1}]


def test_columns_may_be_called_as_constraints_are(client):
    run(
        client,
        "CREATE TABLE d.words (constraint STRING, `order` INT64, a ARRAY<STRING NOT NULL>,"
        " s STRUCT<b INT64 NOT NULL>)",
    )
    assert [field.name for field in client.get_table("d.words").schema] == [
        "constraint",
        "order",
        "a",
        "s",
    ]


@pytest.mark.parametrize(
    ("query", "feature"),
    [
        ("SELECT WITH AGGREGATION_THRESHOLD id FROM d.items", "SELECT WITH AGGREGATION_THRESHOLD"),
        ("FROM d.items |> MATCH_RECOGNIZE (ORDER BY id)", "MATCH_RECOGNIZE"),
        ("SELECT d.wilson(1, 2).* EXCEPT (lower)", "EXCEPT and REPLACE of the fields"),
        ("SELECT WITH(a AS RAND(), a - a)", "RAND or GENERATE_UUID within WITH"),
    ],
)
def test_what_only_bigquery_can_do_is_refused_by_name(client, query, feature):
    with pytest.raises(BadRequest, match=rf"The local BigQuery does not run {feature}.*fidelity"):
        run(client, query)


# JSON ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', "1"),
        ("no json", None),
        ("", None),
        ('{"a": ', None),
        ("{a: 1}", None),
        # Read no further than the value that is asked for.
        ('{"a": 1} x', "1"),
        ('{"b": [], "a": "y", }', "y"),
        ("{'a': 'it'}", "it"),
        ('{"b": nonsense, "a": 1}', None),
        ('{"a": "\\x41\\u0042"}', "AB"),
    ],
)
def test_text_that_is_no_json(client, text, value):
    from google.cloud import bigquery

    config = bigquery.QueryJobConfig(
        query_parameters=[bigquery.ScalarQueryParameter("text", "STRING", text)]
    )
    sql = "SELECT JSON_VALUE(@text, '$.a') AS v, JSON_EXTRACT_SCALAR(@text, '$.a') AS e"
    [row] = client.query(sql, job_config=config, retry=None, job_retry=None).result()
    assert (row.v, row.e) == (value, value)


def test_arrays_of_json_are_null_for_what_is_no_array(client):
    sql = "SELECT JSON_QUERY_ARRAY({0}) IS NULL AS q, JSON_VALUE_ARRAY({0}) IS NULL AS v"
    assert run(client, sql.format("'no json'")) == [{"q": True, "v": True}]
    assert run(client, sql.format("""'{"a": 1}'""")) == [{"q": True, "v": True}]
    assert run(client, sql.format("'[1, {}]'")) == [{"q": False, "v": True}]


# Writes -------------------------------------------------------------------------------------

LIMITED = """(
    s STRING(3), n NUMERIC(5, 2), b BYTES(2), st STRUCT<x STRING(2), y INT64>,
    l ARRAY<STRING(2)>, big BIGNUMERIC(4, 1), k INT64 DEFAULT 7
)"""


@pytest.fixture
def limited(client) -> str:
    run(client, f"CREATE OR REPLACE TABLE d.limited {LIMITED}")
    return "d.limited"


@pytest.mark.parametrize(
    ("column", "value", "reported"),
    [
        ("s", "'abcd'", r"Field s: STRING\(3\) has maximum length 3"),
        ("n", "1000", r"Field n: NUMERIC\(5, 2\) has a maximum of 3 digits"),
        ("n", "999.999", r"Field n: NUMERIC\(5, 2\)"),
        ("b", "b'abc'", r"Field b: BYTES\(2\)"),
        ("st", "STRUCT('abc', 1)", r"Field st\.x: STRING\(2\)"),
        ("l", "['ab', 'abc']", r"Field l: STRING\(2\)"),
        ("big", "12345", r"Field big"),
    ],
)
def test_no_statement_writes_more_than_a_column_takes(client, limited, column, value, reported):
    run(client, f"INSERT INTO {limited} (k) VALUES (1)")
    for statement in (
        f"INSERT INTO {limited} ({column}) VALUES ({value})",
        f"INSERT INTO {limited} ({column}) SELECT {value}",
        f"UPDATE {limited} SET {column} = {value} WHERE TRUE",
        f"MERGE {limited} USING (SELECT 1 AS i) ON FALSE"
        f" WHEN NOT MATCHED THEN INSERT ({column}) VALUES ({value})",
    ):
        with pytest.raises(BadRequest, match=reported):
            run(client, statement)
    assert run(client, f"SELECT k, s FROM {limited}") == [{"k": 1, "s": None}]


def test_what_fits_is_written_and_rounded(client, limited):
    run(
        client,
        f"INSERT INTO {limited} (s, n, b, st, l, big)"
        " VALUES ('äöü', 1.005, b'ab', ('ab', 1), ['ab', 'c'], 1.25),"
        " (NULL, NULL, NULL, NULL, [], NULL)",
    )
    [row, empty] = run(client, f"SELECT * FROM {limited} ORDER BY s DESC")
    assert row == {
        "s": "äöü",
        "n": Decimal("1.01"),
        "b": b"ab",
        "st": {"x": "ab", "y": 1},
        "l": ["ab", "c"],
        "big": Decimal("1.3"),
        "k": 7,
    }
    assert empty["st"] is None
    assert empty["k"] == 7


def test_limits_hold_for_rows_of_every_origin(client, limited):
    [error] = client.insert_rows_json(limited, [{"s": "abcd"}])
    assert "STRING(3) has maximum length 3" in error["errors"][0]["message"]
    [bad, stopped] = client.insert_rows_json(limited, [{"st": {"x": "abc"}}, {"s": "a"}])
    assert (bad["errors"][0]["location"], stopped["errors"][0]["reason"]) == ("st", "stopped")
    with pytest.raises(BadRequest, match="STRING"):
        client.load_table_from_json([{"s": "abcd"}], limited).result()
    with pytest.raises(BadRequest, match="STRING"):
        run(client, f"INSERT INTO {limited} (s) SELECT 'a' UNION ALL SELECT 'abcd'")
    assert client.insert_rows_json(limited, [{"s": "abc", "n": "999.99"}]) == []
    assert values(client, f"SELECT COUNT(*) FROM {limited}") == [1]


def test_a_limit_is_widened_and_taken_away_by_ddl_and_given_by_rest(client, limited):
    from google.cloud import bigquery

    run(client, f"ALTER TABLE {limited} ALTER COLUMN s SET DATA TYPE STRING(4)")
    run(client, f"INSERT INTO {limited} (s) VALUES ('abcd')")
    with pytest.raises(BadRequest, match=r"STRING\(4\)"):
        run(client, f"INSERT INTO {limited} (s) VALUES ('abcde')")
    run(client, f"ALTER TABLE {limited} ALTER COLUMN s SET DATA TYPE STRING")
    run(client, f"INSERT INTO {limited} (s) VALUES ('abcde')")
    run(client, f"ALTER TABLE {limited} ADD COLUMN z STRING(1)")
    with pytest.raises(BadRequest, match=r"STRING\(1\)"):
        run(client, f"INSERT INTO {limited} (z) VALUES ('zz')")
    fields = [bigquery.SchemaField("s", "STRING", max_length=2)]
    client.create_table(bigquery.Table(f"{PROJECT}.d.by_rest", schema=fields))
    with pytest.raises(BadRequest, match=r"STRING\(2\)"):
        run(client, "INSERT INTO d.by_rest VALUES ('abc')")
    assert client.get_table("d.by_rest").schema[0].max_length == 2


def test_an_update_may_set_a_default(client, limited):
    run(client, f"INSERT INTO {limited} (k, s) VALUES (1, 'a')")
    run(client, f"UPDATE {limited} SET k = DEFAULT, s = DEFAULT WHERE TRUE")
    assert run(client, f"SELECT k, s FROM {limited}") == [{"k": 7, "s": None}]


def test_the_number_of_rows_is_that_of_the_rows(client):
    run(client, "CREATE TABLE d.counted AS SELECT n FROM UNNEST(GENERATE_ARRAY(1, 10)) AS n")

    def rows() -> int:
        return client.get_table("d.counted").num_rows

    run(client, "UPDATE d.counted SET n = n + 1 WHERE n > 3")
    assert rows() == 10
    run(client, "DELETE FROM d.counted WHERE n = 1")
    assert rows() == 9
    run(
        client,
        "BEGIN TRANSACTION; TRUNCATE TABLE d.counted;"
        " INSERT INTO d.counted SELECT n FROM UNNEST([1, 2, 3]) AS n; COMMIT TRANSACTION",
    )
    assert rows() == 3


def test_a_function_is_no_table_and_says_the_columns_of_its_result(client):
    run(
        client,
        "CREATE OR REPLACE TABLE FUNCTION d.told(least INT64)"
        " RETURNS TABLE<id INT64, l ARRAY<STRING>>"
        " AS (SELECT id, ['x'] AS l FROM d.items WHERE id > least);"
        " CREATE OR REPLACE FUNCTION d.told_too(x INT64) AS (x);",
    )
    assert not {"told", "told_too"} & {one.table_id for one in client.list_tables("d")}
    routine = client.get_routine("d.told").to_api_repr()
    assert "returnType" not in routine
    assert routine["returnTableType"]["columns"] == [
        {"name": "id", "type": {"typeKind": "INT64"}},
        {"name": "l", "type": {"typeKind": "ARRAY", "arrayElementType": {"typeKind": "STRING"}}},
    ]
    assert run(client, "SELECT * FROM d.told(1)") == [{"id": 2, "l": ["x"]}]


def test_the_greatest_number_of_many_digits_fits_and_no_greater_one(client, limited):
    run(client, f"ALTER TABLE {limited} ADD COLUMN wide NUMERIC(20)")
    for sign in ("", "-"):
        run(client, f"INSERT INTO {limited} (wide) VALUES (NUMERIC '{sign}{'9' * 20}')")
        with pytest.raises(BadRequest, match=r"Field wide: NUMERIC\(20\) has a maximum of 20"):
            run(client, f"INSERT INTO {limited} (wide) VALUES (NUMERIC '{sign}1{'0' * 20}')")
    rows = run(client, f"SELECT CAST(wide AS STRING) AS wide FROM {limited} ORDER BY wide")
    assert [row["wide"] for row in rows] == [f"-{'9' * 20}", "9" * 20]


# Integers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("DIV(8 + 8, 3)", 5),
        ("DIV(24, 2 * 3)", 4),
        ("DIV(a + 8, 25)", 1),
        ("DIV(DIV(a, 4) + 3 * a - 1, 2)", 32),
        ("6 / DIV(7, 2)", 2.0),
        ("-DIV(-7, 2)", 3),
        ("a - DIV(a - DIV(a + 8, 25) + 1, 3)", 14),
        # A Wednesday, the fourth day of its week.
        ("MOD(2 + 7 - EXTRACT(DAYOFWEEK FROM DATE '2025-01-01'), 7)", 5),
        ("2 * EXTRACT(DAYOFWEEK FROM DATE '2025-01-01')", 8),
    ],
)
def test_what_becomes_an_operator_is_held_together(client, expression, expected):
    assert values(client, f"SELECT {expression} FROM UNNEST([20]) AS a") == [expected]


def test_the_bounds_of_an_array_are_any_expression(client):
    script = """
        DECLARE low INT64 DEFAULT 3;
        DECLARE high INT64 DEFAULT 6;
        SELECT
            ARRAY(SELECT x FROM UNNEST(GENERATE_ARRAY(low, high)) AS x ORDER BY x) AS up,
            ARRAY(SELECT x FROM UNNEST(GENERATE_ARRAY(high, low, -2)) AS x ORDER BY x DESC) AS down,
            GENERATE_ARRAY(high, low) AS nothing,
            GENERATE_ARRAY(1, 2, 0.5) AS halves,
            GENERATE_ARRAY(low, NULL) IS NULL AS is_unknown
    """
    assert run(client, script) == [
        {
            "up": [3, 4, 5, 6],
            "down": [6, 4],
            "nothing": [],
            "halves": [1.0, 1.5, 2.0],
            "is_unknown": True,
        }
    ]
    lateral = "SELECT y FROM UNNEST([1, 2]) AS x, UNNEST(GENERATE_ARRAY(1, x)) AS y ORDER BY x, y"
    assert values(client, lateral) == [1, 1, 2]
    with pytest.raises(BadRequest, match="Sequence step cannot be 0"):
        run(client, "SELECT GENERATE_ARRAY(1, 2, 0)")


def test_arguments_and_variables_bound_the_partitions_that_a_table_asks_for(client):
    run(
        client,
        """
        CREATE TABLE d.log (at TIMESTAMP NOT NULL, n INT64) PARTITION BY DATE(at)
        OPTIONS (require_partition_filter = TRUE);
        CREATE TABLE FUNCTION d.since(moment TIMESTAMP) AS (
            SELECT COUNT(*) AS n FROM d.log WHERE at >= TIMESTAMP_SUB(moment, INTERVAL 1 DAY)
        );
        CREATE PROCEDURE d.note() BEGIN
            DECLARE started TIMESTAMP DEFAULT CURRENT_TIMESTAMP();
            INSERT INTO d.log VALUES (started, 1);
            FOR run IN (SELECT started AS begun) DO
                UPDATE d.log SET n = 2 WHERE at >= run.begun;
            END FOR;
        END;
        CALL d.note();
        """,
    )
    assert values(client, "SELECT n FROM d.since(CURRENT_TIMESTAMP())") == [1]
    joined = "AS a JOIN (SELECT CURRENT_TIMESTAMP() AS x) AS b ON a.at < b.x"
    for asked in ("WHERE n = 2", "WHERE at > TIMESTAMP_SECONDS(n)", joined):
        with pytest.raises(BadRequest, match="without a filter over column"):
            run(client, f"SELECT COUNT(*) FROM d.log {asked}")


def test_the_filter_of_a_merge_stands_in_its_condition(client):
    run(
        client,
        """
        CREATE TABLE d.kept_hours (at TIMESTAMP, n INT64) PARTITION BY DATE(at)
        OPTIONS (require_partition_filter = TRUE);
        INSERT INTO d.kept_hours VALUES ('2026-01-01', 1), ('2026-01-02', 2);
        """,
    )
    merge = """
        MERGE d.kept_hours AS kept
        USING (SELECT * FROM UNNEST([2, 3]) AS n) AS found
        ON kept.n = found.n {bound}
        WHEN MATCHED THEN UPDATE SET n = 20
        WHEN NOT MATCHED THEN INSERT VALUES ('2026-01-03', found.n)
        WHEN NOT MATCHED BY SOURCE THEN DELETE
    """
    with pytest.raises(BadRequest, match="without a filter over column"):
        run(client, merge.format(bound=""))
    run(client, merge.format(bound="AND kept.at >= '2026-01-01'"))
    rows = "SELECT n FROM d.kept_hours WHERE at >= '2026-01-01' ORDER BY n"
    assert values(client, rows) == [3, 20]
