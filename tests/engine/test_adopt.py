"""A dataset that people made by hand comes under the program, and no object is recreated."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from google.cloud import bigquery

from bqstack import catalogue
from eros.cloud.google import Google
from eros.project.project import Project
from eros.project.stack_file import load_stack_file
from tests.engine.conftest import DATASET, PROJECT

EXTERNAL = 5
OWNED = 13
SWEEP = "EROS: Caption Lock Cleanup"
OLD_SWEEP = "sweep locks (2025)"


def adopt(program, *arguments: str) -> dict:
    """`eros adopt` of the program's copy; what it tells."""
    done = subprocess.run(
        [sys.executable, "-m", "eros.cli.app", "adopt", "--format", "json", *arguments],
        cwd=program.root,
        env=program.environment | {"EROS_LOCAL_DIR": str(program.cloud.folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    survey = json.loads(done.stdout)
    assert survey["safe"] is (done.returncode == 0)
    return survey


def table(name: str, fields: list[dict], **more: object) -> dict:
    place = {"projectId": PROJECT, "datasetId": DATASET, "tableId": name}
    return {"tableReference": place, "schema": {"fields": fields}, **more}


def by_hand(item: catalogue.Table) -> dict:
    """A table as somebody would have made it: laid out right, without labels and texts."""
    columns = [{k: v for k, v in field.items() if k != "description"} for field in item.schema]
    more: dict = {}
    if item.partitioning:
        more["timePartitioning"] = dict(item.partitioning)
        if item.partition_expiration_days:
            milliseconds = round(item.partition_expiration_days * 86_400_000)
            more["timePartitioning"]["expirationMs"] = str(milliseconds)
    if item.clustering:
        more["clustering"] = {"fields": list(item.clustering)}
    if item.require_partition_filter:
        more["requirePartitionFilter"] = True
    return table(item.name, columns, **more)


@pytest.fixture(scope="module")
def live(program):
    """The owner's project: 19 tables, functions, a view, two scheduled queries, rows."""
    program.set("externalTables", "adopt")
    settings = load_stack_file("local", program.root)
    known = Project(settings, program.root).sql
    client = program.cloud.bigquery
    client.create_dataset(bigquery.Dataset(f"{PROJECT}.{DATASET}"))
    tables = [o for o in known.objects.values() if o.kind is catalogue.Kind.TABLE][:OWNED]
    tables += [o for o in known.objects.values() if o.kind is catalogue.Kind.EXTERNAL_TABLE]
    documents = [by_hand(item) for item in tables]
    # One that is older than a column of the program's, and one that nobody knows.
    older = next(d for d in documents if d["tableReference"]["tableId"] == "caption_bandit_stats")
    assert older["schema"]["fields"].pop()["mode"] == "NULLABLE"
    locks = [{"name": "caption_id", "type": "STRING"}, {"name": "locked_at", "type": "TIMESTAMP"}]
    documents.append(table("caption_locks", locks))
    for document in documents:
        client.create_table(bigquery.Table.from_api_repr(document))
    assert len(documents) == 19
    for name in ("caption_key_v2", "non_negative"):
        routine = known.objects[name]
        client.create_routine(
            bigquery.Routine.from_api_repr(
                {
                    "routineReference": {
                        "projectId": PROJECT,
                        "datasetId": DATASET,
                        "routineId": name,
                    },
                    "routineType": "SCALAR_FUNCTION",
                    "language": "SQL",
                    "arguments": [{"name": a.name, "dataType": a.type} for a in routine.arguments],
                    "returnType": routine.returns,
                    "definitionBody": routine.body,
                }
            )
        )
    client.query_and_wait(
        f"INSERT INTO `{PROJECT}`.`{DATASET}`.caption_bank "
        "(caption_id, page_name, caption_text, is_active, created_at) "
        "VALUES ('c1', 'p', 'text', TRUE, CURRENT_TIMESTAMP())"
    )
    google = Google(settings, program.root)
    for title in (SWEEP, OLD_SWEEP):
        google.transfers.create_transfer_config(
            parent=f"projects/{PROJECT}/locations/US",
            transfer_config={
                "display_name": title,
                "data_source_id": "scheduled_query",
                "schedule": "every day 09:17",
                "params": {"query": f"CALL `{PROJECT}`.`{DATASET}`.sweep_expired_caption_locks()"},
            },
        )
    return {document["tableReference"]["tableId"] for document in documents}


def test_nineteen_tables_come_under_the_program(program, live, tmp_path):
    client = program.cloud.bigquery
    made = {name: client.get_table(f"{DATASET}.{name}").created for name in live}

    survey = adopt(program, "--output", str(tmp_path))
    assert [found for found in survey["objects"] if found["blocks"]] == []
    status = {(o["kind"], o["name"]): o["status"] for o in survey["objects"]}
    tables = {name: found for (kind, name), found in status.items() if kind == "table"}
    assert tables["caption_locks"] == "only live"
    assert [*tables.values()].count("referred to") == EXTERNAL
    assert sum(tables[name] in ("matches", "differs") for name in live & tables.keys()) == OWNED
    assert status["scheduled query", SWEEP] == "differs"
    assert status["scheduled query", OLD_SWEEP] == "only live"
    assert (tmp_path / "sql" / "tables" / "caption_locks.sql").is_file()

    program.pulumi(
        *("import", "--stack", "local", "--file", str(tmp_path / "import.json")),
        *("--generate-code=false", "--skip-preview", "--yes"),
    )
    steps = program.planned()
    assert set(steps.values()) <= {"create", "update"}, "nothing is replaced or deleted"
    adopted = live - {"caption_locks"}
    assert not {name for name in adopted if steps.get(name) == "create"}
    assert steps["sweep_expired_caption_locks"] in ("update", "create")

    program.up("--target", "**Tables$gcp:bigquery/table:Table::*")
    for name in live:
        assert client.get_table(f"{DATASET}.{name}").created == made[name], name
    (row,) = client.query_and_wait(f"SELECT COUNT(*) FROM `{PROJECT}`.`{DATASET}`.caption_bank")
    assert row[0] == 1
