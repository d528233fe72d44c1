"""Locks of another system: in the SQL of a stack that names their table, and in no other's."""

from __future__ import annotations

import pytest

from bqstack.errors import UserError
from eros.operations.rollback import caption_locks
from eros.project.project import Project
from eros.project.settings import PROJECT_ROOT
from eros.project.stack_file import parse

READ_BY = {"sweep_expired_caption_locks", "work_figures", "upkeep_figures"}
LOCKS = {"table": "caption_locks", "expiresColumn": "lock_until", "activeColumn": "held"}


def catalogue(values, **more):
    return Project(parse(values | more, "f"), PROJECT_ROOT).sql


def test_without_the_setting_no_sql_knows_the_table(values):
    found = catalogue(values)
    assert "caption_locks" not in found.objects
    assert not [o.name for o in found if ".caption_locks" in o.sql]
    assert "5.0 - counted.tables_present" in found.objects["judged_findings"].sql


def test_with_it_health_and_sweep_read_it_by_the_columns_that_it_names(values):
    found = catalogue(values, captionLocks=LOCKS)
    assert [c["name"] for c in found.objects["caption_locks"].schema][1:] == ["lock_until", "held"]
    assert {o.name for o in found if "caption_locks" in o.depends_on} == READ_BY - {
        "upkeep_figures"
    }
    for name in READ_BY - {"upkeep_figures"}:
        assert "lock_until" in found.objects[name].sql
    assert "'caption_locks'" in found.objects["upkeep_figures"].sql
    assert "6.0 - counted.tables_present" in found.objects["judged_findings"].sql


def test_production_refers_to_it_and_creates_nothing(values):
    found = catalogue(values, captionLocks=LOCKS, externalTables="adopt")
    assert "caption_locks" in found.adopted


@pytest.mark.parametrize(
    ("locks", "words"),
    [
        ({"table": "active_caption_assignments"}, "counted and swept already"),
        ({"table": "brain.caption_locks"}, "table"),
        ({"table": "t", "expiresColumn": "x", "activeColumn": "x"}, "cannot be both"),
        ({"table": "t", "column": "x"}, "column"),
        ({}, "table"),
    ],
)
def test_a_wrong_setting_is_refused_by_its_key(values, locks, words):
    with pytest.raises(UserError, match="captionLocks") as error:
        parse(values | {"captionLocks": locks}, "Pulumi.staging.yaml")
    assert words in str(error.value)


def test_a_table_that_no_file_declares_is_named(values):
    with pytest.raises(UserError, match="locks_of_ours"):
        catalogue(values, captionLocks={"table": "locks_of_ours"})


class Warehouse:
    """Takes statements; each changes three rows."""

    num_dml_affected_rows = 3

    def __init__(self, settings):
        self.settings = settings
        self.bigquery = self
        self.statements: list[str] = []

    def query(self, sql):
        self.statements.append(sql)
        return self

    def result(self):
        return []


@pytest.mark.parametrize(("locks", "count"), [(None, 1), (LOCKS, 2)])
def test_a_rollback_releases_the_locks_of_both_tables(values, locks, count):
    warehouse = Warehouse(parse(values | ({"captionLocks": locks} if locks else {}), "f"))
    assert caption_locks.clear(warehouse) == 3 * count
    assert len(warehouse.statements) == count
    if locks:
        assert warehouse.statements[1].endswith("caption_locks SET held = FALSE WHERE held")
