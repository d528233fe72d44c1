"""Every kind of table and object through a whole life, by the commands that people have.

The tables are those of `tests.matrix.pairwise`: each pair of a type, mode, way of partitioning,
number of clusters, key and option stands in one, and each type that rows can be clustered by.
Beside them is an object of every other kind with every option that the loader takes.
"""

from __future__ import annotations

import json
from random import Random

import pytest

from tests.engine.conftest import Program
from tests.engine.made_rows import NAMES, rows, spoil
from tests.engine.small import emptied, eros
from tests.matrix import SEED, Made, pairwise
from tests.matrix_objects import OTHERS


@pytest.fixture(scope="module")
def tables() -> list[Made]:
    chance = Random(SEED)
    made = pairwise(chance)
    for table in made:
        table.fill(chance)
    return made


def is_all_equal(output: str) -> bool:
    reported = json.loads(output)
    return bool(reported["equal"] and all(one["equal"] for one in reported["tables"]))


@pytest.mark.timeout(1200)
def test_every_kind_of_table_lives_a_whole_life(program: Program, tables: list[Made]) -> None:
    sql = emptied(program)
    for path, text in OTHERS.items():
        sql.write(path, text)
    for table in tables:
        text, _ = table.definition(f"@`{table.name}`")
        sql.write(f"tables/{table.name}.sql", f"CREATE TABLE IF NOT EXISTS {text}")
    exportable = [table.name for table in tables if table.can_be_exported]
    assert len(exportable) > len(tables) / 2

    # up, plan
    eros(program, "validate")
    program.up()
    program.assert_converged()
    plan = json.loads(eros(program, "plan", "--format", "json"))
    assert (plan["changes"], plan["loss"]) == ([], "NONE")
    program.cloud.bigquery.query_and_wait("\n".join(table.insert(NAMES) for table in tables))
    before = rows(program, tables)
    assert len(before) == 4 * len(tables)

    # backup, verify, restore
    eros(program, "backup", "create")
    assert is_all_equal(eros(program, "backup", "verify", "--format", "json"))
    spoil(program, tables)
    assert len(rows(program, tables)) < len(before) / 2
    eros(program, "backup", "restore", "--yes", "--force")
    assert rows(program, tables) == before

    # export
    eros(program, "backup", "create", "--export", "--tables", ",".join(exportable))
    verify = ("backup", "verify", "--from", "export", "--format", "json")
    assert is_all_equal(eros(program, *verify))
    spoil(program, [table for table in tables if table.can_be_exported])
    restore = ("backup", "restore", "--from", "export", "--yes", "--force")
    eros(program, *restore, "--tables", ",".join(exportable))
    assert rows(program, tables) == before

    # rollback, of definitions and rows
    for table in tables:
        path = f"sql/tables/{table.name}.sql"
        program.edit(path, "(id INT64", "(id INT64 OPTIONS (description = 'later'), later DATE")
    program.up()
    program.assert_converged()
    spoil(program, tables)
    eros(program, "rollback", "--yes", "--data")
    for table in tables:
        path = f"sql/tables/{table.name}.sql"
        program.edit(path, "(id INT64 OPTIONS (description = 'later'), later DATE", "(id INT64")
    program.assert_converged()
    assert rows(program, tables) == before

    # adopt: nothing to do, but for a table that somebody made beside the program
    program.cloud.bigquery.query_and_wait(f"CREATE TABLE {NAMES}.stray (id INT64)")
    adopted = json.loads(eros(program, "adopt", "--format", "json"))
    assert [(one["name"], one["status"]) for one in adopted["objects"]] == [("stray", "only live")]
