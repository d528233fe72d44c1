"""Writes of a script to what is not the stack's own."""

from __future__ import annotations

import pytest

from bqstack.guard.writes_elsewhere import writes


def found(text: str) -> list[str]:
    return [f"{one.line} {one.what} {one.target}" for one in writes(text, "p", {"own", "backups"})]


@pytest.mark.parametrize(
    "text",
    [
        "INSERT INTO `p`.`own`.t (a) VALUES (1)",
        "BEGIN INSERT `own`.t (a) SELECT a FROM `p`.`other`.t; END",
        "MERGE `p`.`own`.t AS t USING `p`.`other`.s ON FALSE"
        " WHEN NOT MATCHED THEN INSERT (a) VALUES (1) WHEN MATCHED THEN UPDATE SET a = 1",
        "CREATE TEMP TABLE x AS SELECT 1 AS a; INSERT INTO x (a) VALUES (1); DROP TABLE _SESSION.x",
        "CALL `p`.`own`.f(1); CALL BQ.JOBS.CANCEL('p.us.job')",
        "SELECT 'INSERT INTO p.other.t'",
        "CREATE SNAPSHOT TABLE `p`.`backups`.t CLONE `p`.`other`.t",
        "EXECUTE IMMEDIATE 'DELETE FROM `p`.`own`.t WHERE a = ?' USING 1",
        "IF TRUE THEN SELECT 1; ELSE SELECT 2; END IF",
    ],
)
def test_reads_and_writes_of_its_own_are_none(text):
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("INSERT INTO `p`.`other`.t (a) VALUES (1)", ["1 INSERT p.other.t"]),
        ("INSERT INTO `q`.`own`.t (a) VALUES (1)", ["1 INSERT q.own.t"]),
        ("INSERT INTO `p.other.t` (a) VALUES (1)", ["1 INSERT p.other.t"]),
        ("BEGIN\nUPDATE other.t SET a = 1 WHERE TRUE;\nEND", ["2 UPDATE other.t"]),
        ("IF x THEN DELETE FROM `p`.`other`.t WHERE TRUE; END IF", ["1 DELETE p.other.t"]),
        ("MERGE INTO `p`.`other`.t USING s ON FALSE", ["1 MERGE p.other.t"]),
        ("TRUNCATE TABLE `p`.`other`.t", ["1 TRUNCATE p.other.t"]),
        ("CREATE OR REPLACE TABLE `p`.`other`.t CLONE own.t", ["1 CREATE p.other.t"]),
        ("DROP ALL ROW ACCESS POLICIES ON `p`.`other`.t", ["1 DROP p.other.t"]),
        ("ALTER TABLE `p`.`other`.t ADD COLUMN a INT64", ["1 ALTER p.other.t"]),
        ("LOAD DATA OVERWRITE `p`.`other`.t FROM FILES (uris = [])", ["1 LOAD p.other.t"]),
        ("EXPORT DATA OPTIONS (uri = 'gs://b/*') AS SELECT 1", ["1 EXPORT DATA files"]),
        ("CALL `p`.`other`.f()", ["1 CALL p.other.f"]),
        ("EXECUTE IMMEDIATE 'DELETE FROM `p`.`other`.t'", ["1 DELETE p.other.t"]),
        (
            "EXECUTE IMMEDIATE CONCAT('DELETE FROM ', name)",
            ["1 EXECUTE IMMEDIATE a text that is built when it runs"],
        ),
    ],
)
def test_a_write_elsewhere_is_found_with_its_line(text, expected):
    assert found(text) == expected
