"""The life of a stack, step by step: the tests of this file run in order on one program."""

import pytest

from tests.engine.conftest import DATASET, PROJECT

TABLE = f"{PROJECT}.{DATASET}"


def identities(program) -> dict[str, str]:
    """Urn to id of everything in the state; ciphertexts differ in each export."""
    return {resource["urn"]: resource.get("id", "") for resource in program.state()}


def value(cloud, expression: str):
    """What the local BigQuery makes of one expression."""
    (row,) = cloud.bigquery.query_and_wait(f"SELECT {expression} AS value")
    return row.value


def test_up_creates_everything_and_the_next_preview_is_empty(program):
    program.up()
    changes = program.last_changes()
    assert set(changes) == {"create"}
    program.assert_converged()


def test_a_second_up_changes_nothing(program):
    program.up()
    assert set(program.last_changes()) == {"same"}


def test_a_refresh_finds_what_was_created(program):
    program.pulumi("refresh", "--stack", "local", "--yes", "--skip-preview", "--expect-no-changes")
    program.assert_converged()


def test_ids_are_those_of_the_real_plugin(program):
    ids = {resource["urn"].rpartition("::")[2]: resource.get("id") for resource in program.state()}
    dataset = f"projects/{PROJECT}/datasets/{DATASET}"
    assert ids["dataset"] == dataset
    assert ids["holiday_calendar"] == f"{dataset}/tables/holiday_calendar"
    assert ids["caption_key"] == f"{dataset}/routines/caption_key"
    assert ids["runner"].endswith(f"eros-runner@{PROJECT}.iam.gserviceaccount.com")
    assert ids["update_caption_performance"].startswith("projects/")


def test_a_changed_description_is_updated_in_place(program, cloud):
    path = "sql/tables/lock_sweep_log.sql"
    program.edit(path, "OPTIONS (\n    description = '", "OPTIONS (\n    description = 'Changed. ")
    assert program.planned() == {"lock_sweep_log": "update"}
    program.up()
    program.assert_converged()
    table = cloud.bigquery.get_table(f"{TABLE}.lock_sweep_log")
    assert table.description.startswith("Changed. ")


def test_an_added_column_keeps_the_rows(program, cloud):
    client = cloud.bigquery
    client.query_and_wait(
        f"INSERT INTO `{PROJECT}`.`{DATASET}`.captions (caption_id, caption_text) VALUES ('x', 'y')"
    )
    program.edit(
        "sql/external_tables/captions.sql",
        "caption_text STRING",
        "language STRING OPTIONS (description = 'Language of the text'),\n    caption_text STRING",
    )
    assert program.planned() == {"captions": "update"}
    program.up()
    program.assert_converged()
    rows = list(client.query_and_wait(f"SELECT caption_text, language FROM `{TABLE}.captions`"))
    assert [tuple(row) for row in rows] == [("y", None)]


def test_a_changed_routine_is_updated_in_place_and_a_comment_before_it_changes_nothing(
    program, cloud
):
    program.edit("sql/functions/caption_key.sql", "OPTIONS", "-- a comment\nOPTIONS")
    assert program.planned() == {}
    program.edit("sql/functions/caption_key.sql", "AS (", "AS (\n    -- delegates\n")
    assert program.planned() == {"caption_key": "update"}
    program.up()
    program.assert_converged()
    key = value(cloud, f"`{PROJECT}`.`{DATASET}`.caption_key('A')")
    assert len(key) == 64


@pytest.mark.parametrize("kind", ["views", "materialized_views"])
def test_a_view_answers_with_its_new_query(program, cloud, kind):
    create = {
        "views": "CREATE OR REPLACE VIEW",
        "materialized_views": "CREATE MATERIALIZED VIEW IF NOT EXISTS",
    }[kind]
    file = program.root / f"sql/{kind}/probe.sql"
    qualifier = "`{{ project }}`.`{{ dataset }}`."
    query = f"SELECT COUNT(*) AS n, 1 AS version FROM {qualifier}captions"
    file.write_text(f"{create} {qualifier}probe AS\n{query};\n", encoding="utf-8")
    assert program.planned() == {"probe": "create"}
    program.up()
    assert value(cloud, f"(SELECT version FROM `{TABLE}.probe`)") == 1
    program.edit(f"sql/{kind}/probe.sql", "1 AS version", "2 AS version")
    # Google takes no new query for a materialized view.
    changed = {"views": "update", "materialized_views": "replace"}[kind]
    assert program.planned()["probe"] in (changed, f"create-{changed}ment")
    program.up()
    program.assert_converged()
    assert value(cloud, f"(SELECT version FROM `{TABLE}.probe`)") == 2
    file.unlink()
    assert program.planned() == {"probe": "delete"}
    program.up()


def test_drift_made_behind_its_back_is_found_and_repaired(program, cloud):
    client = cloud.bigquery
    table = client.get_table(f"{TABLE}.etl_job_runs")
    original, table.description = table.description, "somebody was here"
    client.update_table(table, ["description"])
    client.delete_table(f"{TABLE}.schedule_recommendations_messages")
    program.pulumi("refresh", "--stack", "local", "--yes", "--skip-preview")
    assert program.planned() == {
        "etl_job_runs": "update",
        "schedule_recommendations_messages": "create",
    }
    program.up()
    program.assert_converged()
    assert client.get_table(f"{TABLE}.etl_job_runs").description == original
    assert client.get_table(f"{TABLE}.schedule_recommendations_messages").table_type == "VIEW"


@pytest.mark.parametrize(
    ("path", "old", "new", "expected"),
    [
        (
            "sql/views/schedule_recommendations_messages.sql",
            "SELECT",
            "SELEC",
            "did you mean SELECT?",
        ),
        (
            "sql/procedures/sweep_expired_caption_locks.sql",
            ".lock_sweep_log",
            ".lock_sweep_logs",
            "lock_sweep_log?",
        ),
        ("sql/tables/lock_sweep_log.sql", "TIMESTAMP", "TIMESTEMP", "TIMESTEMP"),
        ("Pulumi.local.yaml", "eros:costOwner", "eros:costOwnr", "did you mean 'costOwner'?"),
        ("config/schedules.yaml", "priority:", "prioritee:", "did you mean 'priority'?"),
    ],
)
def test_a_mistake_in_a_file_stops_before_anything_is_touched(program, path, old, new, expected):
    before = identities(program)
    program.edit(path, old, new)
    try:
        output = program.up(fails=True)
    finally:
        program.edit(path, new, old)
    assert expected in output
    assert "Traceback" not in output
    assert identities(program) == before


def test_a_protected_table_refuses_to_go(program, cloud):
    program.set("protectTables", "true")
    program.up()
    program.assert_converged()
    output = program.pulumi("destroy", "--stack", "local", "--yes", "--skip-preview", fails=True)
    assert "protect" in output
    program.pulumi("state", "unprotect", "--all", "--yes", "--stack", "local")
    output = program.pulumi("destroy", "--stack", "local", "--yes", "--skip-preview", fails=True)
    assert "deletion_protection" in output or "deletionProtection" in output
    client = cloud.bigquery
    assert client.get_table(f"{TABLE}.caption_bank")
    program.set("protectTables", "false")
    program.up()
    program.assert_converged()


def test_destroy_leaves_nothing(program, cloud):
    program.pulumi("destroy", "--stack", "local", "--yes", "--skip-preview")
    assert program.state() == []
    datasets = [d.dataset_id for d in cloud.bigquery.list_datasets() if d.dataset_id == DATASET]
    assert datasets == []
