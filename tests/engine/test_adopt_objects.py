"""Objects that people made by hand, through `eros adopt`, import and `up`: nothing is changed.

The objects are those of the unit test, made for real: what the local BigQuery refuses to make
stays there. `eros adopt` writes a file or says why there is none.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from google.api_core.exceptions import GoogleAPICallError
from google.cloud import bigquery

from tests.engine.conftest import DATASET, PROJECT, Program
from tests.engine.small import emptied, eros
from tests.unit import test_adopt_objects as known

# A view over nothing is not made by anybody, and these routines not by the local BigQuery.
NOT_MADE = {"gone", "wild", "py", "summing"}
# What tells one object from another of its name, and its rows from others.
KEPT = (
    *("creationTime", "schema", "timePartitioning", "clustering", "requirePartitionFilter"),
    *("tableConstraints", "description", "numRows", "returnType", "returnTableType"),
)
# What BigQuery serves, and nobody sends.
SERVED = ("numRows", "numBytes", "etag", "creationTime", "location", "type")


def here(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The documents with the place of the local stack in them."""
    text = json.dumps(documents)
    text = text.replace(f'"projectId": "{known.P}"', f'"projectId": "{PROJECT}"')
    text = text.replace(f'"datasetId": "{known.D}"', f'"datasetId": "{DATASET}"')
    text = text.replace(f"`{known.P}`.`{known.D}`", f"`{PROJECT}`.`{DATASET}`")
    text = text.replace(f"`{known.P}.{known.D}.", f"`{PROJECT}.{DATASET}.")
    made: list[dict[str, Any]] = json.loads(text)
    return made


def name_of(document: dict[str, Any]) -> str:
    if "tableReference" in document:
        return str(document["tableReference"]["tableId"])
    return str(document["routineReference"]["routineId"])


def make(client: bigquery.Client, document: dict[str, Any]) -> None:
    name = name_of(document)
    if "cloneDefinition" in document:
        client.query_and_wait(f"CREATE TABLE {DATASET}.{name} CLONE {DATASET}.one")
        return
    if document.get("type") == "SNAPSHOT":
        client.query_and_wait(f"CREATE SNAPSHOT TABLE {DATASET}.{name} CLONE {DATASET}.one")
        return
    if document.get("type") == "EXTERNAL":
        source = {"sourceFormat": "CSV", "sourceUris": ["gs://nobodys-bucket/file.csv"]}
        document = {"externalDataConfiguration": source, **document}
    kind = "tables" if "tableReference" in document else "routines"
    body = {key: value for key, value in document.items() if key not in SERVED}
    path = f"/projects/{PROJECT}/datasets/{DATASET}/{kind}"
    client._connection.api_request(method="POST", path=path, data=body)


def all_live(client: bigquery.Client) -> dict[str, dict[str, Any]]:
    """Of every object what tells that it is the same one, with the same columns and layout."""
    place = f"{PROJECT}.{DATASET}"
    found: dict[str, Any] = {}
    for table in client.list_tables(place):
        found[table.table_id] = client.get_table(table.reference).to_api_repr()
    for routine in client.list_routines(place):
        found[routine.reference.routine_id] = client.get_routine(routine.reference).to_api_repr()
    return {
        name: {key: value for key, value in held.items() if key in KEPT}
        for name, held in found.items()
    }


def adopt(program: Program, folder: Path) -> dict[str, Any]:
    reported: dict[str, Any] = json.loads(
        eros(program, "adopt", "--format", "json", "-o", str(folder))
    )
    return reported


@pytest.mark.timeout(900)
def test_objects_made_by_hand_come_under_the_program_without_a_change(
    program: Program, tmp_path: Path
) -> None:
    emptied(program)
    program.up()
    client = program.cloud.bigquery
    declared = here(known.DECLARED)
    # A model is no table of the API.
    refused = here([one for one, _ in known.REFUSED if one.get("type") != "MODEL"])
    failed = set()
    for document in [*declared, *refused]:
        try:
            make(client, document)
        except GoogleAPICallError:
            failed.add(name_of(document))
    assert failed == NOT_MADE
    before = all_live(client)

    survey = adopt(program, tmp_path / "first")
    assert {one["name"] for one in survey["objects"]} == before.keys()
    named = {one["name"]: one["undeclared"] for one in survey["objects"] if one["undeclared"]}
    words = {name_of(document): said for document, said in known.REFUSED}
    # The local BigQuery calls every table that has no query one of its own.
    words |= dict.fromkeys(("files", "files_by_day"), "externalDataConfiguration")
    assert named.keys() == {name_of(document) for document in refused} - failed
    for name, reasons in named.items():
        assert any(words[name] in reason for reason in reasons), (name, reasons)

    shutil.copytree(tmp_path / "first" / "sql", program.root / "sql", dirs_exist_ok=True)
    eros(program, "validate")
    survey = adopt(program, tmp_path / "second")
    again = {one["name"] for one in survey["objects"] if one["status"] == "only live"}
    assert again == named.keys()
    program.pulumi(
        *("import", "--stack", "local", "--file", str(tmp_path / "second" / "import.json")),
        *("--generate-code=false", "--skip-preview", "--yes"),
    )
    # The program's labels, and how it writes a query.
    steps = program.planned()
    assert set(steps.values()) <= {"update"}, steps
    assert steps.keys() <= before.keys() - named.keys()
    program.up()
    program.assert_converged()
    assert all_live(client) == before
