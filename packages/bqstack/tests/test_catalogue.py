"""The catalogue loader: what it derives from DDL, and what it refuses."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from bqstack import catalogue
from bqstack.catalogue import render
from bqstack.errors import UserError

TABLE = """CREATE TABLE IF NOT EXISTS @arms
(
  page_name STRING NOT NULL OPTIONS (description = 'Page'),
  successes INT64 DEFAULT 0,
  updated TIMESTAMP NOT NULL,
  tags ARRAY<STRUCT<key STRING, weight FLOAT64>>,
  price NUMERIC(10, 2)
)
PARTITION BY DATE(updated)
CLUSTER BY page_name
OPTIONS (description = 'Arms', partition_expiration_days = {{ retention.log_days }});
"""
FUNCTION = """CREATE OR REPLACE FUNCTION @rate(successes INT64, failures INT64)
RETURNS STRUCT<low FLOAT64, high FLOAT64>
OPTIONS (description = 'Rate')
AS (
  -- never divides by zero
  STRUCT(SAFE_DIVIDE(successes, failures) AS low, 1.0 AS high)
);
"""
PROCEDURE = """CREATE OR REPLACE PROCEDURE @learn(day DATE, OUT n INT64)
OPTIONS (description = 'Learn')
BEGIN
  UPDATE @arms SET successes = 1 WHERE TRUE;
  SELECT @rate(1, 2), 'not @a_reference';
END;
"""


def refusal(target, sql) -> str:
    with pytest.raises(UserError) as caught:
        catalogue.load(target, sql.root)
    return str(caught.value)


def test_a_table_is_described_column_by_column(target, sql):
    sql.write("tables/arms.sql", TABLE)
    table = catalogue.load(target, sql.root).tables[0]
    assert table.schema == (
        {"name": "page_name", "mode": "REQUIRED", "type": "STRING", "description": "Page"},
        {
            "name": "successes",
            "mode": "NULLABLE",
            "type": "INTEGER",
            "defaultValueExpression": "0",
        },
        {"name": "updated", "mode": "REQUIRED", "type": "TIMESTAMP"},
        {
            "name": "tags",
            "mode": "REPEATED",
            "type": "RECORD",
            "fields": [
                {"name": "key", "mode": "NULLABLE", "type": "STRING"},
                {"name": "weight", "mode": "NULLABLE", "type": "FLOAT"},
            ],
        },
        {"name": "price", "mode": "NULLABLE", "type": "NUMERIC", "precision": "10", "scale": "2"},
    )
    assert table.partitioning == {"type": "DAY", "field": "updated"}
    assert table.partition_expiration_days == 90
    assert table.clustering == ("page_name",)
    assert table.description == "Arms"


def test_keys_are_declared_and_order_the_tables(target, sql):
    sql.write(
        "tables/a_sale.sql",
        "CREATE TABLE IF NOT EXISTS @a_sale (id INT64, page STRING,"
        " PRIMARY KEY (id) NOT ENFORCED,\n"
        "CONSTRAINT of_page FOREIGN KEY (page) REFERENCES @page(name) NOT ENFORCED);",
    )
    sql.write(
        "tables/page.sql",
        "CREATE TABLE IF NOT EXISTS @page (name STRING PRIMARY KEY NOT ENFORCED);",
    )
    page, sale = catalogue.load(target, sql.root).tables
    assert (page.name, page.primary_key) == ("page", ("name",))
    assert sale.primary_key == ("id",)
    (key,) = sale.foreign_keys
    assert (key.name, key.columns, key.table, key.referenced, key.line) == (
        *("of_page", ("page",), "page", ("name",), 2),
    )


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("(k INT64, PRIMARY KEY (l) NOT ENFORCED)", "a key names l, which is not a column of t"),
        ("(k INT64 REFERENCES @u(a) NOT ENFORCED)", "whose primary key is b"),
        ("(k STRING REFERENCES @u(b) NOT ENFORCED)", "k is STRING, but u.b"),
        ("(k INT64 REFERENCES @v(b) NOT ENFORCED)", "which is not a table in sql/"),
        ("(k INT64 PRIMARY KEY)", "add NOT ENFORCED"),
        ("(k INT64 REFERENCES d.u(b) NOT ENFORCED)", "refer to a table of the dataset"),
    ],
)
def test_a_key_that_names_what_is_not_there_is_refused(target, sql, table, expected):
    sql.write("tables/t.sql", f"CREATE TABLE IF NOT EXISTS @t {table};")
    sql.write(
        "tables/u.sql", "CREATE TABLE IF NOT EXISTS @u (a INT64, b INT64 PRIMARY KEY NOT ENFORCED);"
    )
    sql.write("views/v.sql", "CREATE OR REPLACE VIEW @v AS SELECT 1 AS b;")
    text = refusal(target, sql)
    assert text.startswith("sql/tables/t.sql:1: ")
    assert expected in text


def test_types_have_their_other_names(target, sql):
    sql.write(
        "tables/t.sql",
        "CREATE TABLE IF NOT EXISTS @t (a BIGINT, b SMALLINT, c DECIMAL(5, 2), d RANGE<DATE>,"
        " e ARRAY<RANGE<TIMESTAMP>>, f BYTES(3));",
    )
    (table,) = catalogue.load(target, sql.root).tables
    assert [{k: v for k, v in c.items() if k not in ("name", "mode")} for c in table.schema] == [
        {"type": "INTEGER"},
        {"type": "INTEGER"},
        {"type": "NUMERIC", "precision": "5", "scale": "2"},
        {"type": "RANGE", "rangeElementType": {"type": "DATE"}},
        {"type": "RANGE", "rangeElementType": {"type": "TIMESTAMP"}},
        {"type": "BYTES", "maxLength": "3"},
    ]


def test_a_table_function_keeps_the_columns_that_it_declares(target, sql):
    sql.write(
        "table_functions/f.sql",
        "CREATE OR REPLACE TABLE FUNCTION @f(x ARRAY<BIGINT>) RETURNS TABLE<a INT64, b STRING>"
        " AS SELECT 1 AS a, 'x' AS b;",
    )
    (function,) = catalogue.load(target, sql.root).routines
    assert function.returns_table == {
        "columns": [
            {"name": "a", "type": {"typeKind": "INT64"}},
            {"name": "b", "type": {"typeKind": "STRING"}},
        ]
    }
    assert function.body == "SELECT 1 AS a, 'x' AS b"


def test_options_may_stand_behind_a_functions_body(target, sql):
    sql.write(
        "functions/f.sql",
        "CREATE OR REPLACE FUNCTION @f(a INT64) AS (\n  a < 1 -- less\n)\n"
        "OPTIONS (description = 'less than one');",
    )
    (function,) = catalogue.load(target, sql.root).routines
    assert (function.body, function.description) == ("a < 1 -- less", "less than one")


def test_a_function_keeps_its_body_and_its_argument_order(target, sql):
    sql.write("functions/rate.sql", FUNCTION)
    function = catalogue.load(target, sql.root).routines[0]
    assert [argument.name for argument in function.arguments] == ["successes", "failures"]
    assert function.returns["structType"]["fields"][1]["name"] == "high"
    assert function.body.startswith("-- never divides by zero\n")
    assert function.body.endswith("AS high)")


def test_a_procedure_knows_its_modes_and_what_it_needs(target, sql):
    sql.write("procedures/learn.sql", PROCEDURE)
    sql.write("tables/arms.sql", TABLE)
    sql.write("functions/rate.sql", FUNCTION)
    loaded = catalogue.load(target, sql.root)
    procedure = loaded.objects["learn"]
    assert [argument.mode for argument in procedure.arguments] == ["IN", "OUT"]
    assert procedure.depends_on == ("arms", "rate"), "a name inside a string is no reference"
    assert list(loaded.objects).index("learn") == 2
    assert procedure.body.startswith("BEGIN")
    assert procedure.body.endswith("END")


def test_a_call_in_a_procedure_is_a_reference(target, sql):
    sql.write("procedures/learn.sql", PROCEDURE)
    sql.write("tables/arms.sql", TABLE)
    sql.write("functions/rate.sql", FUNCTION)
    sql.write(
        "procedures/a.sql",
        "CREATE OR REPLACE PROCEDURE @a()\nBEGIN\n"
        "  DECLARE n INT64;\n  CALL @learn(DATE '2026-01-01', n);\nEND;",
    )
    assert catalogue.load(target, sql.root).objects["a"].depends_on == ("learn",)


def test_a_materialized_view_carries_its_layout(target, sql):
    sql.write("tables/arms.sql", TABLE)
    sql.write(
        "materialized_views/daily.sql",
        "CREATE MATERIALIZED VIEW IF NOT EXISTS @daily PARTITION BY day CLUSTER BY page_name\n"
        "OPTIONS (enable_refresh = TRUE, refresh_interval_minutes = 60) AS\n"
        "SELECT page_name, DATE(updated) AS day, COUNT(*) AS n FROM @arms GROUP BY page_name, day;",
    )
    (view,) = catalogue.load(target, sql.root).views
    assert (view.refresh_interval_minutes, view.clustering) == (60, ("page_name",))
    assert view.query.startswith("SELECT page_name")


def test_external_tables_are_declared_or_only_referred_to(target, sql):
    sql.write("external_tables/bank.sql", "CREATE TABLE IF NOT EXISTS @bank (id STRING);")
    sql.write("views/v.sql", "CREATE OR REPLACE VIEW @v AS SELECT id FROM @bank;")
    greenfield = catalogue.load(target, sql.root)
    adopted = catalogue.load(replace(target, adopts_external_tables=True), sql.root)
    assert [item.name for item in greenfield.declared] == ["bank", "v"]
    assert [item.name for item in adopted.declared] == ["v"]


def test_a_cycle_is_named_with_file_and_line(target, sql):
    sql.write("views/a.sql", "CREATE OR REPLACE VIEW @a AS\nSELECT x FROM @b;")
    sql.write("views/b.sql", "CREATE OR REPLACE VIEW @b AS\nSELECT x FROM @a;")
    text = refusal(target, sql)
    assert "the objects depend on each other" in text
    assert ".sql:2" in text


def test_an_unknown_reference_is_named_with_its_likely_spelling(target, sql):
    sql.write("tables/arms.sql", TABLE)
    sql.write("views/v.sql", "CREATE OR REPLACE VIEW @v AS\nSELECT page_name\nFROM @arm;")
    text = refusal(target, sql)
    assert text.startswith("sql/views/v.sql:3")
    assert "did you mean 'arms'?" in text


def test_a_file_must_bear_the_name_of_its_object(target, sql):
    sql.write("tables/weapons.sql", TABLE)
    assert "named 'weapons' but creates 'arms'" in refusal(target, sql)


def test_two_objects_of_one_name_are_refused(target, sql):
    sql.write("tables/arms.sql", TABLE)
    sql.write("views/arms.sql", "CREATE OR REPLACE VIEW @arms AS SELECT 1 AS x;")
    text = refusal(target, sql)
    assert "sql/views/arms.sql:1: two objects are named 'arms'" in text
    assert "sql/tables/arms.sql" in text


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("tables/t.sql", "CREATE TABLE IF NOT EXISTS @t (a STRIN);", "STRIN"),
        ("tables/t.sql", "CREATE TABLE IF NOT EXISTS @t (a UUID);", "column a has an unknown type"),
        ("tables/t.sql", "CREATE TABLE IF NOT EXISTS @t (a STRING b INT64);", "SQL syntax"),
        ("tables/t.sql", "CREATE OR REPLACE TABLE @t (a STRING);", "CREATE TABLE IF NOT EXISTS"),
        (
            "tables/t.sql",
            "CREATE TABLE IF NOT EXISTS `t` (a STRING);",
            "must include project and dataset",
        ),
        ("tables/t.sql", "CREATE TABLE IF NOT EXISTS @t (a STRING); SELECT 1;", "one CREATE"),
        ("functions/f.sql", "CREATE OR REPLACE FUNCTION @f(a INTEGR) AS (a);", "unknown type"),
        ("functions/f.sql", "CREATE OR REPLACE FUNCTION @f(a INT64) AS a;", "in parentheses"),
        ("procedures/p.sql", "CREATE OR REPLACE PROCEDURE @p(a INT64);", "no body"),
        ("views/v.sql", "CREATE OR REPLACE VIEW @v AS SELECT 'open;", "not closed"),
        ("views/v.sql", "CREATE OR REPLACE VIEW @v (x) AS SELECT 1;", "column list"),
        ("views/v.sql", "CREATE OR REPLACE VIEW @v AS SELECT {{ projct }} AS x;", "projct"),
        ("views/v.sql", "CREATE OR REPLACE VIEW @v AS SELECT {{ project AS x;", "template syntax"),
        (
            "other/v.sql",
            "CREATE OR REPLACE VIEW @v AS SELECT 1 AS x;",
            "not in the folder of a known kind",
        ),
        (
            "tables/t.sql",
            "CREATE TABLE IF NOT EXISTS @t (a DATE) PARTITION BY a "
            "OPTIONS (partition_expiration_days = 30 * 3);",
            "partition_expiration_days must be a number",
        ),
        (
            "views/v.sql",
            "CREATE OR REPLACE VIEW @v AS SELECT 1 AS x FROM `{{ project }}.{{ dataset }}.t`;",
            "each part of a reference separately",
        ),
    ],
)
def test_a_mistake_in_a_file_is_an_error_that_names_the_file(target, sql, path, text, expected):
    sql.write(path, text)
    message = refusal(target, sql)
    assert message.startswith(f"sql/{path}")
    assert expected in message


@pytest.mark.parametrize(
    ("path", "text", "named"),
    [
        ("tables/t.sql", "@t (a STRING COLLATE 'und:ci')", "column a: COLLATE 'und:ci'"),
        ("tables/t.sql", "@t (a STRING) DEFAULT COLLATE 'und:ci'", "COLLATE"),
        ("tables/t.sql", "@t (a STRING OPTIONS (policy_tags = ['x']))", "option policy_tags"),
        ("tables/t.sql", "@t (a STRUCT<b STRING OPTIONS (policy_tags = ['x'])>)", "policy_tags"),
        ("tables/t.sql", "@t (a STRING) OPTIONS (kms_key_name = 'k')", "option kms_key_name"),
        ("tables/t.sql", "@t (a STRING) OPTIONS (labels = [('a', 'b')])", "option labels"),
        ("tables/t.sql", "@t (a STRING) AS SELECT 'x' AS a", "SELECT 'x' AS a"),
        ("views/t.sql", "@t OPTIONS (labels = [('a', 'b')]) AS SELECT 1 AS a", "option labels"),
        (
            "materialized_views/t.sql",
            "@t OPTIONS (max_staleness = INTERVAL 4 HOUR) AS SELECT 1 AS a",
            "option max_staleness",
        ),
        ("procedures/t.sql", "@t() OPTIONS (strict_mode = FALSE) BEGIN END", "option strict_mode"),
        ("functions/t.sql", "@t() RETURNS INT64 NOT DETERMINISTIC AS (1)", "NOT"),
    ],
)
def test_what_no_resource_carries_is_refused_and_not_passed_over(target, sql, path, text, named):
    create = {
        "tables": "CREATE TABLE IF NOT EXISTS",
        "views": "CREATE OR REPLACE VIEW",
        "materialized_views": "CREATE MATERIALIZED VIEW IF NOT EXISTS",
        "procedures": "CREATE OR REPLACE PROCEDURE",
        "functions": "CREATE OR REPLACE FUNCTION",
        "table_functions": "CREATE OR REPLACE TABLE FUNCTION",
    }[path.partition("/")[0]]
    sql.write(path, f"{create} {text};")
    message = refusal(target, sql)
    assert message.startswith(f"sql/{path}")
    assert named in message
    assert "would never reach BigQuery" in message


def levels(number: int) -> str:
    kind = "INT64"
    for level in range(number):
        kind = f"STRUCT<f ARRAY<{kind}>>" if level % 2 else f"STRUCT<f {kind}>"
    return kind


def test_as_many_levels_and_columns_as_bigquery_takes(target, sql):
    sql.write("tables/deep.sql", f"CREATE TABLE IF NOT EXISTS @deep (a DATE, b {levels(14)});")
    many = ", ".join(f"c{n} INT64" for n in range(10_000))
    sql.write("tables/many.sql", f"CREATE TABLE IF NOT EXISTS @many ({many});")
    loaded = catalogue.load(target, sql.root)
    assert {table.name: len(table.schema) for table in loaded.tables} == {"deep": 2, "many": 10_000}


@pytest.mark.parametrize(
    ("columns", "named"),
    [
        (f"a DATE,\nb {levels(15)}", "t.sql:2: column b: fields on 16 levels"),
        (
            ", ".join(f"c{n} STRUCT<f INT64>" for n in range(5_001)),
            "t.sql:1: a table of 10,002 columns, fields among them",
        ),
    ],
)
def test_more_levels_and_columns_than_bigquery_takes_are_refused(target, sql, columns, named):
    sql.write("tables/t.sql", f"CREATE TABLE IF NOT EXISTS @t ({columns});")
    assert named in refusal(target, sql)


def test_not_null_of_a_field_is_not_that_of_its_column(target, sql):
    sql.write(
        "tables/t.sql",
        "CREATE TABLE IF NOT EXISTS @t (place STRUCT<city STRING NOT NULL>, "
        "lines ARRAY<STRUCT<sku STRING NOT NULL>>, tags ARRAY<STRING NOT NULL>);",
    )
    place, lines, tags = catalogue.load(target, sql.root).tables[0].schema
    assert (place["mode"], place["fields"][0]["mode"]) == ("NULLABLE", "REQUIRED")
    assert (lines["mode"], lines["fields"][0]["mode"]) == ("REPEATED", "REQUIRED")
    assert tags["mode"] == "REPEATED"


def test_a_file_in_another_encoding_is_an_error_that_names_it(target, sql):
    path = sql.root / "sql/views/v.sql"
    sql.write("views/v.sql", "CREATE OR REPLACE VIEW @v AS SELECT 1 AS x;")
    path.write_bytes(path.read_bytes() + b"-- caf\xe9")
    assert refusal(target, sql).startswith("sql/views/v.sql: not UTF-8 text")


@pytest.mark.parametrize(
    ("written", "said", "fix"),
    [
        ("shop.opn", "not defined: shop.opn", "did you mean shop.open?"),
        ("shop.zzz", "not defined: shop.zzz", "use one of: shop.closed, shop.open"),
        ("limits.dayz", "not defined: limits.dayz", "did you mean limits.days?"),
        ("shp.open", "not defined: shp", "did you mean shop?"),
        ("zzz", "not defined: zzz", "use one of: limits, name, shop"),
        ("name.first", "not defined: name.first", None),
    ],
)
def test_a_name_that_a_template_does_not_have_is_named_with_its_neighbour(written, said, fix):
    context = {
        "shop": {"open": 1, "closed": 2},
        "limits": SimpleNamespace(days=3),
        "name": "what has no settings",
    }
    with pytest.raises(UserError) as raised:
        render.text_of(f"SELECT\n    {{{{ {written} }}}}", Path("sql/views/v.sql"), context)
    assert raised.value.message.endswith(said)
    assert (raised.value.line, raised.value.fix) == (2, fix)
