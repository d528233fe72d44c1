"""Adoption: the program against a live dataset, and the files that come of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from google.api_core.exceptions import NotFound
from google.cloud import bigquery
from pulumi.runtime.rpc import UNKNOWN

from bqstack import catalogue
from bqstack.adopt import (
    Status,
    Wanted,
    adoption_files,
    live,
    program_wants,
    survey,
    survey_report,
    written_ddl,
)
from bqstack.adopt.survey_parts import Declared, Live
from bqstack.catalogue import data_types
from bqstack.catalogue.ddl import read
from bqstack.errors import UserError
from components.system import System
from eros.project.project import Project
from eros.project.settings import PROJECT_ROOT
from eros.project.stack_file import parse
from gcptypes.records import DATASET, ROUTINE, ROW_POLICY, TABLE, TOPIC, TRANSFER
from tests.unit.conftest import VALUES
from tests.unit.fake_engine import Declared as Recorded
from tests.unit.fake_engine import record

P, D = "test-project", "brain"
EMPTY = SimpleNamespace(adopted=frozenset(), objects={})


def columns(*names: str, **more: object) -> str:
    return json.dumps([{"name": n, "type": "STRING", "mode": "NULLABLE", **more} for n in names])


def declared(type_: str, name: str, **inputs: object) -> Declared:
    key = {TABLE: "tableId", ROUTINE: "routineId"}.get(type_)
    place = {"project": P, "datasetId": D, **({key: name} if key else {})}
    urn = f"urn:pulumi:staging::eros::eros:system:System${type_}::{name}"
    return Declared(urn, type_, name, place | inputs, custom=True, protect=True)


def present(type_: str, name: str, kind: str = "table", **inputs: object) -> Live:
    key = {TABLE: "tableId", ROUTINE: "routineId"}.get(type_)
    place = {"project": P, "datasetId": D, **({key: name} if key else {})}
    folder = {TABLE: f"/tables/{name}", ROUTINE: f"/routines/{name}"}.get(type_, "")
    id_ = f"projects/{P}/datasets/{D}{folder}" if type_ != TRANSFER else f"configs/{name}"
    return Live(type_, kind, name, D, id_, place | inputs, rows=3)


def wanted(*resources: Declared, **more: object) -> Wanted:
    entries = [
        {"type": "pulumi:providers:gcp", "name": "google", "inputs": {"project": P}},
        {"type": "eros:system:System", "name": "eros", "component": True},
        {"type": "eros:w:Tables", "name": "tables", "parent": "eros", "component": True},
        {"type": "eros:w:Views", "name": "views", "parent": "eros", "component": True},
    ]
    for resource in resources:
        holder = "views" if "view" in resource.inputs else "tables"
        entry = {"type": resource.type, "name": resource.name, "id": "<PLACEHOLDER>"}
        entries.append({**entry, "parent": holder, "provider": "google"})
    return Wanted(resources, tuple(entries), {}, **more)


def only(found, name: str):
    (one,) = [finding for finding in found.findings if finding.name == name]
    return one


def compared(resource: Declared, one: Live):
    return only(survey("staging", wanted(resource), [one], EMPTY, D), one.name)


def test_an_object_that_is_as_declared_matches():
    finding = compared(
        declared(TABLE, "t", schema=columns("a"), deletionProtection=True),
        present(TABLE, "t", schema=columns("a")),
    )
    assert finding.status is Status.MATCHES
    assert finding.change is None


def test_what_is_not_looked_up_is_said_by_name():
    topic = replace(declared(TOPIC, "runs"), inputs={"project": P, "name": "eros-runs"})
    alert = declared("gcp:monitoring/alertPolicy:AlertPolicy", "a01", displayName="A01")
    found = survey("staging", wanted(topic, alert), [], EMPTY, D)
    assert {one.name: one.status for one in found.findings} == {
        "eros-runs": Status.UNREAD,
        "A01": Status.UNREAD,
    }
    assert "topics/eros-runs" in only(found, "eros-runs").advice
    text = survey_report.text(found)
    assert "- topic, not looked up; `up` fails if it exists: eros-runs" in text
    assert "2 not looked up" in text
    assert found.import_file["resources"] == []


def test_labels_and_texts_differ_and_are_changed_in_place():
    finding = compared(
        declared(TABLE, "t", schema=columns("a", description="text"), labels={"system": "eros"}),
        present(TABLE, "t", schema=columns("a")),
    )
    assert finding.status is Status.DIFFERS
    assert not finding.blocks
    assert any("labels" in line for line in survey_report.details(finding))


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ({"schema": columns("a", "gone")}, "column gone"),
        ({"schema": columns("a", type="INTEGER")}, "a"),
        (
            {"schema": columns("a"), "timePartitioning": {"type": "DAY", "field": "a"}},
            "partitioned by",
        ),
    ],
)
def test_what_the_first_up_would_replace_or_lose_is_said(inputs, says):
    found = survey(
        "staging",
        wanted(declared(TABLE, "t", schema=columns("a"))),
        [present(TABLE, "t", **inputs)],
        EMPTY,
        D,
    )
    finding = only(found, "t")
    assert finding.blocks
    assert not found.safe
    assert says in " ".join(survey_report.details(finding))
    assert "change the program to match" in finding.advice


def test_what_the_api_never_gives_back_is_no_difference():
    query = {"query": "CALL p()"}
    finding = compared(
        declared(
            TRANSFER,
            "sweep",
            displayName="Sweep",
            dataSourceId="scheduled_query",
            params=query,
            location="US",
            serviceAccountName="runner@x",
            notificationPubsubTopic=UNKNOWN,
        ),
        present(
            TRANSFER,
            "Sweep",
            "scheduled query",
            displayName="Sweep",
            dataSourceId="scheduled_query",
            params=query,
        ),
    )
    assert finding.status is Status.MATCHES


def test_of_two_scheduled_queries_with_one_title_the_same_query_is_taken():
    mine = {"displayName": "Sweep", "dataSourceId": "scheduled_query"}
    resource = declared(TRANSFER, "sweep", **mine, params={"query": "CALL brain.new()"})
    others = [
        Live(TRANSFER, "scheduled query", "Sweep", "", f"configs/{n}", mine | {"params": query})
        for n, query in enumerate(
            ({"query": "CALL brain.old()"}, {"query": "CALL brain.new()"}, {"query": "SELECT 1"})
        )
    ]
    found = survey("staging", wanted(resource), others, EMPTY, D)
    assert found.import_file["resources"][-1]["id"] == "configs/1"
    left = found.of(Status.ONLY_LIVE)
    assert [finding.live.id for finding in left] == ["configs/0"], "others' queries are no matter"
    assert "runs alongside" in left[0].advice


def test_the_scheduled_queries_of_a_sandbox_are_not_those_of_its_source():
    inputs = {
        "displayName": "Sweep [alice]",
        "dataSourceId": "scheduled_query",
        "params": {"query": f"CALL `p`.`{D}_alice`.sweep()"},
    }
    one = Live(TRANSFER, "scheduled query", "Sweep [alice]", "", "configs/1", inputs)
    assert not survey("staging", wanted(), [one], EMPTY, D).of(Status.ONLY_LIVE)
    assert survey("alice", wanted(), [one], EMPTY, f"{D}_alice").of(Status.ONLY_LIVE)


def test_the_import_file_has_what_exists_and_what_holds_it():
    found = survey(
        "staging",
        wanted(
            declared(TABLE, "there", schema=columns("a")),
            declared(TABLE, "new", schema=columns("a")),
            declared(TABLE, "v", view={"query": "SELECT 1"}),
        ),
        [present(TABLE, "there", schema=columns("a"))],
        EMPTY,
        D,
    )
    resources = found.import_file["resources"]
    assert [entry["name"] for entry in resources] == ["google", "eros", "tables", "there"]
    assert resources[-1]["id"] == f"projects/{P}/datasets/{D}/tables/there"
    assert only(found, "new").status is Status.ONLY_PROGRAM
    assert only(found, "v").kind == "view"


def test_what_the_state_holds_already_is_not_reported_again():
    one = present(TABLE, "t", schema=columns("a"))
    assert survey("s", wanted(managed=frozenset({one.id})), [one], EMPTY, D).findings == ()


def test_a_table_of_another_system_must_have_the_columns_that_sql_reads(settings):
    adopting = parse(VALUES | {"externalTables": "adopt"}, "f")
    known = Project(adopting, PROJECT_ROOT).sql
    bank = known.objects["caption_bank"]
    right = present(TABLE, "caption_bank", schema=json.dumps(list(bank.schema)))
    finding = only(survey("prod", wanted(), [right], known, D), "caption_bank")
    assert finding.status is Status.REFERRED
    assert finding.change is None
    less = present(TABLE, "caption_bank", schema=json.dumps(list(bank.schema)[1:]))
    finding = only(survey("prod", wanted(), [less], known, D), "caption_bank")
    assert survey_report.details(finding) == [f"column {bank.schema[0]['name']} STRING is missing"]
    assert not finding.blocks, "the program changes nothing of it"


@pytest.fixture(scope="module")
def recorded() -> list[Recorded]:
    return record(lambda: System("eros", parse(VALUES, "f")) and None)


@pytest.fixture(scope="module")
def rewritten(recorded, tmp_path_factory) -> catalogue.Catalogue:
    """The whole catalogue, written from the inputs of its resources and read again."""
    root = tmp_path_factory.mktemp("written")
    for resource in recorded:
        if resource.type in (TABLE, ROUTINE) and resource.inputs["datasetId"] == D:
            name = resource.inputs.get("tableId") or resource.inputs["routineId"]
            folder = root / "sql" / written_ddl.folder(resource.type, resource.inputs)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}.sql").write_text(
                written_ddl.statement(resource.type, resource.inputs)
            )
    return catalogue.load(parse(VALUES, "f"), root)


def test_sql_written_from_what_is_there_is_the_sql_it_came_from(rewritten):
    known = Project(parse(VALUES, "f"), PROJECT_ROOT).sql
    assert rewritten.objects.keys() == {item.name for item in known.declared}
    for item in known.declared:
        again = rewritten.objects[item.name]
        match item:
            case catalogue.Table():
                assert again.schema == item.schema, item.name
                assert again.partitioning == item.partitioning, item.name
                assert again.partition_expiration_days == item.partition_expiration_days
                assert again.clustering == item.clustering, item.name
                assert again.require_partition_filter == item.require_partition_filter
            case catalogue.View():
                assert again.query == item.query, item.name
            case catalogue.Routine():
                assert again.arguments == item.arguments, item.name
                assert again.returns == item.returns, item.name
                assert again.body == item.body, item.name
        assert again.description == item.description, item.name


def test_names_of_the_live_dataset_become_the_templates():
    text = written_ddl.statement(
        TABLE,
        {
            "project": P,
            "datasetId": D,
            "tableId": "v",
            "view": {"query": f"SELECT '{{{{' FROM `{P}.{D}.a` JOIN `{P}`.`{D}`.b USING (x)"},
        },
    )
    assert "`{{ project }}`.`{{ dataset }}`.a JOIN `{{ project }}`.`{{ dataset }}`.b" in text
    assert P not in text
    assert "{{ '{{' }}" in text


def test_files_hold_the_difference_and_the_unknown(tmp_path):
    found = survey(
        "staging",
        wanted(declared(TABLE, "t", schema=columns("a", "b"))),
        [
            present(TABLE, "t", schema=columns("a")),
            present(TABLE, "stranger", schema=columns("x")),
        ],
        EMPTY,
        D,
    )
    paths = adoption_files.write(tmp_path / "out", found, "again")
    written = {path.relative_to(tmp_path / "out") for path in paths}
    assert written == {
        Path("import.json"),
        Path("report.md"),
        Path("sql/tables/t.sql.diff"),
        Path("sql/tables/stranger.sql"),
    }
    difference = (tmp_path / "out/sql/tables/t.sql.diff").read_text()
    assert "+    b STRING" in difference
    assert "-    b STRING" not in difference
    report = (tmp_path / "out/report.md").read_text()
    assert "pulumi import --stack staging --file import.json" in report
    assert "| table | `stranger` | only live |" in report
    adoption_files.write(tmp_path / "out", found, "again")


def test_what_only_exists_is_imported_once_it_is_declared():
    """The first survey of a live system has an empty import, and says what comes before it."""
    stranger = present(TABLE, "stranger", schema=columns("x"))
    first = survey("prod", wanted(), [stranger], EMPTY, D)
    assert first.import_file["resources"] == []
    said = survey_report.commands(first, "out/import.json", "adopt again")
    assert said[:2] == [
        "# 1 object exists only live: put the files that you want into sql/, then",
        "adopt again",
    ]
    assert not any("pulumi import" in line for line in said)
    wants = wanted(declared(TABLE, "stranger", schema=columns("x")))
    second = survey("prod", wants, [stranger], EMPTY, D)
    said = survey_report.commands(second, "out/import.json", "adopt again")
    assert said[0].startswith("pulumi import --stack prod --file out/import.json")


def test_a_folder_with_other_files_is_left_alone(tmp_path):
    (tmp_path / "diary.txt").write_text("dear diary")
    found = survey("staging", wanted(), [], EMPTY, D)
    with pytest.raises(UserError, match="contains other files"):
        adoption_files.write(tmp_path, found, "again")
    with pytest.raises(UserError, match="this is a file"):
        adoption_files.write(next(path for path in tmp_path.iterdir() if path.is_file()), found, "")
    assert [path.name for path in tmp_path.iterdir()] == ["diary.txt"]


def test_a_survey_reads_well():
    found = survey(
        "staging",
        wanted(
            declared(TABLE, "bad", schema=columns("a")),
            declared(TABLE, "good", schema=columns("a")),
            declared(ROUTINE, "f", routineType="PROCEDURE"),
        ),
        [
            present(TABLE, "bad", schema=columns("a", "b")),
            present(TABLE, "good", schema=columns("a")),
            present(TABLE, "stranger", schema=columns("a")),
        ],
        EMPTY,
        D,
    )
    lines = survey_report.text(found).splitlines()
    assert lines[0].startswith("! table bad (3 rows): would lose data; change the program to match")
    assert "= table good (3 rows): matches; imported as it is" in lines
    assert "+ procedure, only in the program: f" in lines
    assert lines[-1].endswith("; 1 would be replaced or lose data")
    document = survey_report.document(found)
    assert document["safe"] is False
    assert [o["name"] for o in document["objects"] if o["imported"]] == ["bad", "good"]


def test_a_preview_tells_what_is_wanted_and_what_is_managed():
    state = {"urn": "urn:pulumi:s::eros::a$b::t", "type": TABLE, "custom": True, "inputs": {"x": 1}}
    document = {
        "steps": [
            {"op": "create", "newState": state},
        ]
    }
    # The engine leaves out of a preview what stays as it is; the state has it.
    held = ["projects/p/datasets/d", None]
    found = program_wants.read(document, {"resources": [{"type": TABLE, "name": "t"}]}, held)
    assert [resource.name for resource in found.resources] == ["t"]
    assert found.managed == {"projects/p/datasets/d"}
    assert program_wants.read({"steps": []}, {}).entries == ()


class FakeBigQuery:
    """A client over documents of the API."""

    def __init__(self, tables: list[dict], routines: list[dict]) -> None:
        self._tables = {t["tableReference"]["tableId"]: t for t in tables}
        self._routines = {r["routineReference"]["routineId"]: r for r in routines}

    def get_dataset(self, name: str) -> bigquery.Dataset:
        if name != f"{P}.{D}":
            raise NotFound("no such dataset")
        reference = {"projectId": P, "datasetId": D}
        return bigquery.Dataset.from_api_repr(
            {"datasetReference": reference, "location": "US", "access": [{"role": "OWNER"}]}
        )

    def list_tables(self, name: str) -> list:
        return [bigquery.Table.from_api_repr(t) for t in self._tables.values()]

    def list_routines(self, name: str) -> list:
        return [bigquery.Routine.from_api_repr(r) for r in self._routines.values()]

    def get_table(self, reference) -> bigquery.Table:
        return bigquery.Table.from_api_repr(self._tables[reference.table_id])

    def get_routine(self, reference) -> bigquery.Routine:
        return bigquery.Routine.from_api_repr(self._routines[reference.routine_id])


def api_table(name: str, **more: object) -> dict:
    return {"tableReference": {"projectId": P, "datasetId": D, "tableId": name}, **more}


def test_a_live_dataset_is_read_in_the_words_of_the_provider(settings):
    client = FakeBigQuery(
        [
            api_table(
                "t",
                type="TABLE",
                numRows="7",
                numBytes="70",
                schema={"fields": [{"name": "a", "type": "STRING"}]},
                clustering={"fields": ["a"]},
                timePartitioning={"type": "DAY", "field": "at", "expirationMs": "86400000"},
            ),
            api_table("v", type="VIEW", view={"query": "SELECT 1"}, schema={"fields": []}),
            api_table("m", type="MATERIALIZED_VIEW", materializedView={"query": "SELECT 1"}),
            api_table("f", type="TABLE"),
        ],
        [
            {
                "routineReference": {"projectId": P, "datasetId": D, "routineId": "f"},
                "routineType": "SCALAR_FUNCTION",
                "definitionBody": "x",
                "arguments": [{"name": "x", "dataType": {"typeKind": "INT64"}}],
            }
        ],
    )
    config = SimpleNamespace(
        name="projects/1/locations/us/transferConfigs/2",
        display_name="Sweep",
        data_source_id="scheduled_query",
        schedule="every day 09:17",
        disabled=False,
        destination_dataset_id="",
        notification_pubsub_topic="",
        params={"query": "CALL p()"},
    )
    transfers = SimpleNamespace(list_transfer_configs=lambda parent: [config])
    google = SimpleNamespace(bigquery=client, transfers=transfers)
    found = {(one.type, one.name): one for one in live.read(google, settings, [D, "not_there", D])}
    assert len(found) == 6
    table = found[TABLE, "t"]
    assert (table.kind, table.rows, table.bytes) == ("table", 7, 70)
    assert table.inputs["clusterings"] == ["a"]
    assert found[TABLE, "v"].inputs["view"] == {"query": "SELECT 1", "useLegacySql": False}
    assert "schema" not in found[TABLE, "v"].inputs
    assert found[TABLE, "m"].kind == "materialized view"
    assert found[ROUTINE, "f"].inputs["arguments"][0]["dataType"] == '{"typeKind": "INT64"}'
    assert found[DATASET, D].inputs["location"] == "US"
    assert "accesses" not in found[DATASET, D].inputs
    assert found[TRANSFER, "Sweep"].id == config.name


def test_what_has_its_path_as_its_id_is_looked_up_and_imported(settings):
    """A row access policy: no list of the dataset has it, and its grantees are never read."""
    place = {"datasetId": D, "tableId": "t"}
    own = {"filterPredicate": "k = 1", "grantees": ["user:a@example.com"]}
    there, changed, missing = (
        Declared(
            f"urn::{ROW_POLICY}::{name}",
            ROW_POLICY,
            name,
            place | {"policyId": name} | own,
            True,
            False,
        )
        for name in ("there", "changed", "missing")
    )
    base = f"projects/{settings.project}/datasets/{D}/tables/t/rowAccessPolicies"
    answers = {
        f"/{base}/there": {"filterPredicate": "k = 1", "rowAccessPolicyReference": {}},
        f"/{base}/changed": {"filterPredicate": "k > 1"},
    }

    def api_request(*, path: str, **_: object) -> dict:
        if path not in answers:
            raise NotFound(path)
        return answers[path]

    client = SimpleNamespace(_connection=SimpleNamespace(api_request=api_request))
    transfers = SimpleNamespace(list_transfer_configs=lambda parent: [])
    google = SimpleNamespace(bigquery=client, transfers=transfers)
    program_wants = wanted(there, changed, missing)
    found = live.read(google, settings, [], program_wants.adopted)
    assert [one.id for one in found] == [f"{base}/there", f"{base}/changed"]

    result = survey("staging", program_wants, found, EMPTY, D)
    statuses = {finding.name: (finding.status, finding.kind) for finding in result.findings}
    kind = "row access policy"
    assert statuses == {
        "there": (Status.MATCHES, kind),
        "changed": (Status.DIFFERS, kind),
        "missing": (Status.ONLY_PROGRAM, kind),
    }
    ids = {entry["name"]: entry.get("id") for entry in result.import_file["resources"]}
    assert (ids["there"], ids["changed"]) == (f"{base}/there", f"{base}/changed")
    assert "missing" not in ids


@pytest.mark.parametrize(
    ("says", "reported"),
    [
        (
            '{"diagnostics": [{"severity": "error", "message": "this update would lose x"}]}',
            "lose x",
        ),
        ("", "no stack named 'prod' found"),
    ],
)
def test_a_preview_that_fails_is_reported_in_its_own_words(tmp_path, monkeypatch, says, reported):
    pulumi = tmp_path / "pulumi"
    pulumi.write_text(
        f"#!/bin/sh\necho '{says}'\necho \"no stack named 'prod' found\" >&2\nexit 255\n"
    )
    pulumi.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(UserError, match=reported):
        program_wants.wanted("prod", tmp_path)


def test_what_the_program_cannot_declare_of_a_column_is_written_and_refused_not_left_out():
    tag = "projects/p/locations/us/taxonomies/1/policyTags/2"
    schema = columns("email", policyTags={"names": [tag]}, collation="und:ci")
    inputs = present(TABLE, "people", schema=schema).inputs
    text = written_ddl.statement(TABLE, inputs)
    assert f"email STRING COLLATE 'und:ci' OPTIONS (policy_tags = ['{tag}'])" in text
    text = text.replace("{{ project }}", P).replace("{{ dataset }}", D)
    with pytest.raises(UserError, match=r"column email: .* would never reach BigQuery"):
        read(catalogue.Kind.TABLE, text, Path("people.sql"), P, D)


@pytest.mark.parametrize(
    "text", ["INT64", "ARRAY<RANGE<DATE>>", "STRUCT<a RANGE<TIMESTAMP>, b ARRAY<STRING>>"]
)
def test_a_type_is_written_as_it_was_declared(text):
    assert written_ddl.written_type(data_types.standard(data_types.parse(text))) == text
