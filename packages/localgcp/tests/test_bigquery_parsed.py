"""What the local BigQuery remembers of SQL texts is never another text's, nor somebody's change."""

from __future__ import annotations

import pytest
import sqlglot
from local_bigquery.errors import BigQueryError
from local_bigquery.sql import script, translate
from local_bigquery.sql.dialect import BigQueryDialect
from sqlglot import exp

from localgcp.bigquery import parsed

TEXTS = ("SELECT 1 AS n", "SELECT 1 AS N", "SELECT 2 AS n", "SELECT 'x' AS n FROM t WHERE a > 1")


def test_each_text_says_what_it_says_however_often_it_is_read() -> None:
    read = parsed.trees(translate.parse)
    for text in (*TEXTS, *TEXTS):
        assert read(text) == translate.parse(text)


def test_a_change_to_a_tree_is_not_kept() -> None:
    trees, one = parsed.trees(translate.parse), parsed.expression(sqlglot.parse_one)
    for _ in range(2):
        [tree], single = trees(TEXTS[3]), one(TEXTS[3], dialect=BigQueryDialect)
        assert tree == single == sqlglot.parse_one(TEXTS[3], dialect=BigQueryDialect)
        for changed in (tree, single):
            changed.find(exp.Table).set("this", exp.to_identifier("other"))
            changed.meta["mark"] = True
            changed.args["where"].pop()


def test_places_of_errors_and_errors_themselves_stay() -> None:
    read = parsed.trees(translate.parse)
    [fresh], [first], [again] = (parse("SELECT\n  a") for parse in (translate.parse, read, read))
    assert fresh.find(exp.Column).this.meta == first.find(exp.Column).this.meta
    assert fresh.find(exp.Column).this.meta == again.find(exp.Column).this.meta
    for _ in range(2):
        with pytest.raises(BigQueryError, match="Syntax error"):
            read("SELECT FROM WHERE")


def test_another_dialect_is_not_answered_from_what_is_kept() -> None:
    one = parsed.expression(sqlglot.parse_one)
    one("SELECT a || b", dialect=BigQueryDialect)
    assert one('SELECT "a"', dialect="duckdb").find(exp.Column) is not None
    assert one('SELECT "a"', dialect=BigQueryDialect).find(exp.Column) is None


def test_a_script_has_its_statements_again() -> None:
    read = parsed.statements(script.parse_script)
    text = "DECLARE n INT64 DEFAULT 1; WHILE n < 3 DO SET n = n + 1; END WHILE; SELECT n"
    first = read(text)
    assert first == script.parse_script(text)
    first.clear()
    assert read(text) == script.parse_script(text)
