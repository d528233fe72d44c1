"""Live tables of other systems, before a deployment that adopts them."""

from types import SimpleNamespace

import pytest
from google.api_core.exceptions import NotFound
from google.cloud.bigquery import SchemaField

from eros.operations.deploy import Level, external
from eros.project.project import Project
from eros.project.settings import PROJECT_ROOT
from eros.project.stack_file import parse
from tests.unit.conftest import VALUES
from tests.unit.deploy.deployments import site


def test_live_columns_that_are_read_must_be_there_with_their_types():
    declared = (
        {"name": "a", "type": "INT64"},
        {"name": "b", "type": "STRING", "mode": "REPEATED"},
        {"name": "c", "type": "RECORD", "fields": [{"name": "d", "type": "DATE"}]},
    )
    live = [
        {"name": "A", "type": "INTEGER", "mode": "REQUIRED"},
        {"name": "b", "type": "STRING", "mode": "REPEATED"},
        {"name": "c", "type": "STRUCT", "fields": [{"name": "d", "type": "DATE"}]},
        {"name": "more", "type": "JSON"},
    ]
    assert external.differences(declared, live) == []
    live[1]["mode"] = "NULLABLE"
    live[2]["fields"] = []
    assert external.differences(declared, live[1:]) == [
        "no column a",
        "b is STRING, read as repeated STRING",
        "no column c.d",
    ]


def test_an_adopted_table_that_is_missing_stops_the_deployment(settings):
    def missing(name):
        raise NotFound(name)

    adopting = settings.model_copy(update={"external_tables": "adopt"})
    findings = external.external_schemas(
        site(adopting, bigquery=SimpleNamespace(get_table=missing))
    )
    assert {finding.level for finding in findings} == {Level.FAILED}
    assert "caption_bank does not exist" in [f.text for f in findings]


@pytest.fixture(scope="module")
def objects():
    found = Project(parse(VALUES, "f"), PROJECT_ROOT).sql
    return {item.name: item for item in found}


def with_columns(objects, **further: str):
    """BigQuery whose external tables are as declared, with an additional column on some."""

    def get_table(name):
        table = name.rpartition(".")[2]
        schema = [SchemaField.from_api_repr(column) for column in objects[table].schema]
        if column := further.get(table):
            schema.append(SchemaField(column, "STRING"))
        return SimpleNamespace(schema=schema)

    return SimpleNamespace(get_table=get_table)


@pytest.mark.parametrize("column", ["schedule_date", "Schedule_Date"])
def test_a_further_column_must_not_hide_an_argument(settings, objects, column):
    """`scheduled_send_date = schedule_date` would compare two columns, without an error."""
    adopting = settings.model_copy(update={"external_tables": "adopt"})
    bigquery = with_columns(objects, active_caption_assignments=column)
    findings = external.external_schemas(site(adopting, bigquery=bigquery))
    assert {finding.level for finding in findings} == {Level.FAILED}
    assert (
        f"active_caption_assignments: the additional column {column} hides what"
        " select_captions_for_creator calls schedule_date"
    ) in [finding.text for finding in findings]
    assert "sql/procedures/select_captions_for_creator.sql" in findings[0].fix


def test_other_further_columns_do_no_harm(settings, objects):
    adopting = settings.model_copy(update={"external_tables": "adopt"})
    bigquery = with_columns(objects, active_caption_assignments="note_of_the_agency")
    (finding,) = external.external_schemas(site(adopting, bigquery=bigquery))
    assert finding.level is Level.OK


def test_all_kinds_of_names_in_a_routine_are_seen(objects):
    body = """BEGIN
        DECLARE one, Two INT64 DEFAULT 1;
        -- DECLARE commented STRING;
        DECLARE three STRING DEFAULT 'DECLARE quoted STRING';
        FOR row_of_four IN (SELECT 1 FROM t FOR SYSTEM_TIME AS OF CURRENT_TIMESTAMP()) DO
            SELECT row_of_four.x;
        END FOR;
    END"""
    name, argument = "`p`.`d`.f", SimpleNamespace(name="Five")
    routine = SimpleNamespace(
        sql=f"CREATE OR REPLACE PROCEDURE {name} (Five INT64)\n{body}", arguments=(argument,)
    )
    assert external.names_inside(routine) == {"one", "two", "three", "row_of_four", "five"}
