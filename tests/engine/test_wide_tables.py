"""Tables at Google's limits, through a deployment and its rollback."""

from __future__ import annotations

from random import Random

import pytest

from tests.engine.conftest import Program
from tests.engine.made_rows import NAMES, rows, spoil
from tests.engine.small import emptied, eros
from tests.matrix import SEED, wide


@pytest.mark.timeout(900)
def test_a_thousand_columns_and_fifteen_levels_are_rolled_back(program: Program) -> None:
    sql = emptied(program)
    tables = wide(Random(SEED))
    for table in tables:
        text, _ = table.definition(f"@`{table.name}`")
        sql.write(f"tables/{table.name}.sql", f"CREATE TABLE IF NOT EXISTS {text}")
    program.up()
    program.cloud.bigquery.query_and_wait("\n".join(table.insert(NAMES) for table in tables))
    before = rows(program, tables)
    assert len(before) == 4 * len(tables)
    eros(program, "backup", "create")
    for table in tables:
        program.edit(f"sql/tables/{table.name}.sql", "(id INT64", "(id INT64, later DATE")
    program.up()
    spoil(program, tables)
    eros(program, "rollback", "--yes", "--data")
    for table in tables:
        program.edit(f"sql/tables/{table.name}.sql", "(id INT64, later DATE", "(id INT64")
    program.assert_converged()
    assert rows(program, tables) == before
