"""More than 60 objects made by hand: each becomes a file that declares it, or a named refusal."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pulumi_gcp as gcp
import pytest
from google.cloud import bigquery

from bqstack import catalogue
from bqstack.adopt import Status, Survey, Wanted, adoption_files, live, survey, survey_report
from bqstack.adopt.survey_parts import Declared, Live
from bqstack.analysis import memory, validate
from components.objects import Objects
from eros.project.settings import Settings
from eros.project.stack_file import parse
from gcptypes.records import ROUTINE, TABLE
from tests.unit.conftest import VALUES
from tests.unit.fake_engine import record

P, D = "test-project", "brain"
EMPTY = SimpleNamespace(adopted=frozenset(), objects={})
INT, TEXT = {"typeKind": "INT64"}, {"typeKind": "STRING"}
KEY = "projects/p/locations/us/keyRings/r/cryptoKeys/k"
TAG = {"names": ["projects/p/locations/us/taxonomies/1/policyTags/2"]}


def column(name: str, kind: str = "STRING", mode: str = "NULLABLE", **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "mode": mode, **more}


def table(name: str, *columns: dict[str, Any], **more: Any) -> dict[str, Any]:
    reference = {"projectId": P, "datasetId": D, "tableId": name}
    served = {"numRows": "3", "numBytes": "30", "etag": "x", "creationTime": "1", "location": "US"}
    schema = {"schema": {"fields": list(columns)}} if columns else {}
    return {"tableReference": reference, "type": "TABLE", **served, **schema, **more}


def view(name: str, query: str, *columns: dict[str, Any], **more: Any) -> dict[str, Any]:
    own = {"query": query, "useLegacySql": False} | more.pop("view", {})
    return table(name, *(columns or [column("x", "INTEGER")]), type="VIEW", view=own, **more)


def routine(name: str, body: str, kind: str = "SCALAR_FUNCTION", **more: Any) -> dict[str, Any]:
    reference = {"projectId": P, "datasetId": D, "routineId": name}
    values = {"routineType": kind, "language": "SQL", "definitionBody": body, "etag": "x"}
    return {"routineReference": reference, **values, **more}


def argument(name: str, kind: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"name": name, "dataType": kind or INT, **more}


A = column("a")
N = column("n", "INTEGER")
DAY = column("day", "DATE")
AT = column("at", "TIMESTAMP", "REQUIRED")
WHEN = column("when_", "DATETIME")
STRUCT = column("s", "RECORD", fields=[column("end"), column("x", "FLOAT", "REQUIRED")])
LISTS = column("l", "RECORD", "REPEATED", fields=[column("y", "DATE", "REPEATED")])
TYPES = [
    column(f"c_{kind.lower()}", kind)
    for kind in (
        *("STRING", "BYTES", "INTEGER", "FLOAT", "NUMERIC", "BIGNUMERIC", "BOOLEAN", "DATE"),
        *("TIME", "DATETIME", "TIMESTAMP", "JSON", "GEOGRAPHY", "INTERVAL"),
    )
]
HERE = f"`{P}`.`{D}`."
# Names that have to be quoted; the engine's test makes the others only.
QUOTED: list[dict[str, Any]] = [
    table(
        "a b-c",
        column("50% 列"),
        column("1st", "DATE"),
        column("naïve", "RECORD", fields=[{"name": "it's", "type": "STRING"}]),
        timePartitioning={"type": "DAY", "field": "1st"},
        clustering={"fields": ["50% 列"]},
    ),
    view("of_quoted", f"SELECT `1st` AS x FROM {HERE}`a b-c` WHERE `1st` > DATE '2026-01-01'"),
    view(
        "of_quoted_whole",
        f"SELECT q.`naïve`.`it's` AS x FROM `{P}.{D}.a b-c` AS q WHERE q.`1st` IS NULL",
    ),
]

# The dataset's name within texts, comments and without backticks; and its key.
NAMED: list[dict[str, Any]] = [
    table(
        "with_the_key_of_all",
        A,
        encryptionConfiguration={"kmsKeyName": f"{KEY}/cryptoKeyVersions/3"},
    ),
    table(
        "named_in_texts",
        column("a", description=f"from {P}.{D}.one", defaultValueExpression=f"'{P}.{D}.one'"),
        description=f"copy of {P}.{D}.one, made of `{P}.{D}.two` and `{P}`.{D}.three {{{{ x }}}}",
    ),
    view("named_in_a_text", f"SELECT '{P}.{D}.one' AS x, r\"`{P}.{D}.one`\" AS y"),
    view("named_in_a_comment", f"-- `{P}`.`{D}`.one\nSELECT 1 AS x /* {P}.{D}.one */"),
    routine("text_of_named", f"'{P}.{D}.one'", returnType=TEXT),
    routine(
        "runs_a_text",
        f"BEGIN EXECUTE IMMEDIATE 'SELECT * FROM `{P}.{D}.one`'; END",
        "PROCEDURE",
    ),
    view(
        "without_backticks", f"SELECT k.n AS x FROM {P}.{D}.keyed AS k JOIN `{P}.{D}`.one ON TRUE"
    ),
    view("without_project", f"SELECT n AS x FROM {D}.keyed"),
    view("of_tables", f"SELECT table_name AS x FROM `{P}.{D}.INFORMATION_SCHEMA.TABLES`"),
    view("of_a_call", f"SELECT `{P}.{D}.add_one`(n) AS x FROM {HERE}keyed"),
]

MANY = [column(f"c{n}", ("STRING", "INTEGER", "DATE", "NUMERIC")[n % 4]) for n in range(1_000)]


def levels(number: int) -> dict[str, Any]:
    """A column of so many levels, records and lists of records by turns."""
    found = column("f0", "INTEGER")
    for level in range(1, number):
        mode = "REPEATED" if level % 2 else "NULLABLE"
        found = column(f"f{level}", "RECORD", mode, fields=[found, column("t")])
    return found


# Each of these becomes a file.
DECLARED: list[dict[str, Any]] = [
    table("many_columns", *MANY),
    table("many_levels", levels(15)),
    table("one", A),
    table("types", *TYPES),
    table("lists", *({**one, "mode": "REPEATED"} for one in TYPES)),
    table("required", *({**one, "mode": "REQUIRED"} for one in TYPES)),
    table("nested", STRUCT, LISTS),
    table("reserved", column("order"), column("end", "DATE"), column("select", "INTEGER")),
    table("order", A),
    table("lengths", column("a", maxLength="10"), column("b", "BYTES", maxLength="3")),
    table("digits", column("a", "NUMERIC", precision="5", scale="2")),
    table("digits_only", column("a", "BIGNUMERIC", precision="30")),
    table(
        "texts", column("a", description='it\'s "quoted" \\ and {{ braces }}'), description="d'x"
    ),
    table("defaults", column("at", "TIMESTAMP", defaultValueExpression="CURRENT_TIMESTAMP()"), A),
    table("default_text", column("a", defaultValueExpression="'x'")),
    table("by_day", DAY, timePartitioning={"type": "DAY", "field": "day"}),
    table("by_month", DAY, timePartitioning={"type": "MONTH", "field": "day"}),
    table(
        "by_hour",
        AT,
        # More partitions than BigQuery has are refused by the policy pack.
        timePartitioning={"type": "HOUR", "field": "at", "expirationMs": "34560000000"},
    ),
    table("by_moment", AT, timePartitioning={"type": "DAY", "field": "at"}),
    table("by_year", WHEN, timePartitioning={"type": "YEAR", "field": "when_"}),
    table(
        "by_reserved",
        column("at", "DATE"),
        timePartitioning={"type": "DAY", "field": "at", "expirationMs": "86400000"},
    ),
    # Times of which six digits are not enough; in days the last one is too many partitions.
    *(
        table(
            f"kept_for_{number}",
            DAY,
            timePartitioning={"type": "YEAR", "field": "day", "expirationMs": f"{number}"},
        )
        for number in (86_400_001, 123_456_789_012, 1_234_567 * 86_400_000)
    ),
    table(
        "filtered",
        DAY,
        timePartitioning={"type": "DAY", "field": "day"},
        requirePartitionFilter=True,
    ),
    table("clustered", A, N, clustering={"fields": ["n", "a"]}),
    table("clustered_reserved", column("order"), N, clustering={"fields": ["order"]}),
    table("keyed", AT, N, tableConstraints={"primaryKey": {"columns": ["n"]}}),
    table(
        "referring",
        N,
        tableConstraints={
            "foreignKeys": [
                {
                    "name": "to_keyed",
                    "referencedTable": {"projectId": P, "datasetId": D, "tableId": "keyed"},
                    "columnReferences": [{"referencingColumn": "n", "referencedColumn": "n"}],
                }
            ]
        },
    ),
    table("rounded_by_default", N, defaultRoundingMode="ROUNDING_MODE_UNSPECIFIED"),
    table("cloned", A, cloneDefinition={"cloneTime": "2026-01-01T00:00:00Z"}),
    table("ours", A, labels={"goog-pulumi-provisioned": "true", "system": "eros"}),
    view("plain_view", f"SELECT n AS x FROM {HERE}keyed"),
    view("old_names", f"SELECT n AS x FROM `{P}.{D}.keyed`"),
    view("quoted_view", f"SELECT `order` AS x FROM {HERE}`reserved`", description="a view"),
    view("commented", f"-- what it is\nSELECT n AS x /* here */ FROM {HERE}keyed;"),
    view("braces", "SELECT '{{ x }}' AS x, '{% y %}' AS y"),
    view("of_order", f"SELECT a AS x FROM {HERE}`order`"),
    table(
        "stored",
        N,
        type="MATERIALIZED_VIEW",
        materializedView={"query": f"SELECT n, COUNT(*) AS c FROM {HERE}keyed GROUP BY n"},
    ),
    table(
        "stored_slowly",
        N,
        type="MATERIALIZED_VIEW",
        materializedView={
            "query": f"SELECT n, SUM(n) AS s FROM {HERE}keyed GROUP BY n",
            "enableRefresh": True,
            "refreshIntervalMs": "7200000",
        },
    ),
    table(
        "stored_at_odd_times",
        N,
        type="MATERIALIZED_VIEW",
        materializedView={
            "query": f"SELECT n, MAX(n) AS s FROM {HERE}keyed GROUP BY n",
            "enableRefresh": True,
            "refreshIntervalMs": "123456789",
        },
    ),
    routine("add_one", "n + 1", arguments=[argument("n")], returnType=INT),
    routine("untyped", "x", arguments=[{"name": "x", "argumentKind": "ANY_TYPE"}]),
    routine("no_arguments", "1", returnType=INT),
    routine("reserved_argument", "`end` + 1", arguments=[argument("end")], returnType=INT),
    routine("scalar_query", f"(SELECT MAX(n) FROM {HERE}keyed)", returnType=INT),
    routine("described", "CONCAT(a, '(x)')", arguments=[argument("a", TEXT)], description="it's"),
    routine(
        "of_struct",
        "s.`end`",
        arguments=[
            argument(
                "s",
                {"typeKind": "STRUCT", "structType": {"fields": [{"name": "end", "type": TEXT}]}},
            )
        ],
        returnType=TEXT,
    ),
    routine(
        "of_list",
        "ARRAY_LENGTH(l)",
        arguments=[argument("l", {"typeKind": "ARRAY", "arrayElementType": INT})],
        returnType=INT,
    ),
    routine("rows_of", f"SELECT n FROM {HERE}keyed", "TABLE_VALUED_FUNCTION"),
    routine(
        "rows_above",
        f"SELECT n FROM {HERE}keyed WHERE n > least",
        "TABLE_VALUED_FUNCTION",
        arguments=[argument("least")],
        returnTableType={"columns": [{"name": "n", "type": INT}]},
    ),
    routine(
        "rows_with",
        f"WITH w AS (SELECT n FROM {HERE}keyed) SELECT n FROM w",
        "TABLE_VALUED_FUNCTION",
    ),
    routine("nothing", "BEGIN SELECT 1; END", "PROCEDURE"),
    routine(
        "in_and_out",
        "BEGIN SET twice = n * 2; END",
        "PROCEDURE",
        arguments=[argument("n", mode="IN"), argument("twice", mode="OUT")],
        strictMode=True,
    ),
    routine(
        "both_ways",
        "BEGIN SET n = n * 2; END",
        "PROCEDURE",
        arguments=[argument("n", mode="INOUT")],
        determinismLevel="DETERMINISM_LEVEL_UNSPECIFIED",
    ),
]
# Each of these is refused in these words.
REFUSED: list[tuple[dict[str, Any], str]] = [
    (table("snap", A, type="SNAPSHOT"), "a snapshot"),
    (table("files", A, type="EXTERNAL"), "an external table"),
    (
        table(
            "files_by_day",
            A,
            DAY,
            type="EXTERNAL",
            externalDataConfiguration={
                "sourceFormat": "PARQUET",
                "sourceUris": ["gs://b/x/*"],
                "hivePartitioningOptions": {"mode": "AUTO", "sourceUriPrefix": "gs://b/x/"},
            },
        ),
        "an external table",
    ),
    (table("model_", A, type="MODEL"), "a model"),
    (table("labelled", A, labels={"team": "x"}), "label team = x"),
    (table("titled", A, friendlyName="Title"), "friendlyName Title"),
    (table("passing", A, expirationTime="1900000000000"), "expirationTime 1900000000000"),
    (table("tagged", A, resourceTags={"a/b": "c"}), "resourceTags"),
    (table("collated", A, defaultCollation="und:ci"), "defaultCollation und:ci"),
    (table("rounding", N, defaultRoundingMode="ROUND_HALF_EVEN"), "defaultRoundingMode"),
    (table("iceberg", A, biglakeConfiguration={"tableFormat": "ICEBERG"}), "biglakeConfiguration"),
    (table("collated_column", column("a", collation="und:ci")), "COLLATE"),
    (table("secret_column", column("a", policyTags=TAG)), "policy_tags"),
    (table("half_even", column("a", "NUMERIC", roundingMode="ROUND_HALF_EVEN")), "rounding_mode"),
    (table("secret_text", column("a", dataPolicies=[{"name": "x"}])), "column a: dataPolicies"),
    (
        table("computed", column("a", "INTEGER", generatedColumn={"x": "1"})),
        "column a: generatedColumn",
    ),
    (
        table("finest", column("s", "RECORD", fields=[column("t", timestampPrecision="12")])),
        "column s.t: timestampPrecision 12",
    ),
    (
        table("sealed", A, encryptionConfiguration={"kmsKeyName": f"{KEY}-2"}),
        "encryption by projects/p/locations/us/keyRings/r/cryptoKeys/k-2",
    ),
    (table("by_load", A, timePartitioning={"type": "DAY"}), "partition by a column"),
    (
        table(
            "by_range",
            N,
            rangePartitioning={
                "field": "n",
                "range": {"start": "0", "end": "9", "interval": "1"},
            },
        ),
        "partition by a column",
    ),
    (view("legacy", "SELECT 1", view={"useLegacySql": True}), "a view in legacy SQL"),
    (
        view("told_columns", "SELECT 1 AS x", column("x", description="d")),
        "description of column x",
    ),
    (view("secret", "SELECT 1 AS x", column("x", policyTags=TAG)), "policyTags of column x"),
    (view("private", "SELECT 1 AS x", view={"privacyPolicy": {"a": "b"}}), "privacyPolicy"),
    (view("wild", f"SELECT * FROM `{P}`.`{D}`.`events_*`"), "it reads events_*"),
    (view("gone", f"SELECT * FROM {HERE}no_more"), "it reads no_more"),
    (
        table(
            "stale",
            N,
            type="MATERIALIZED_VIEW",
            maxStaleness="0-0 0 4:0:0",
            materializedView={"query": f"SELECT n FROM {HERE}keyed"},
        ),
        "maxStaleness 0-0 0 4:0:0",
    ),
    (
        table(
            "loose",
            N,
            type="MATERIALIZED_VIEW",
            materializedView={
                "query": f"SELECT n FROM {HERE}keyed",
                "allowNonIncrementalDefinition": True,
            },
        ),
        "allowNonIncrementalDefinition true",
    ),
    (routine("js", "return 1;", language="JAVASCRIPT", returnType=INT), "a routine in js"),
    (routine("py", "def f(): pass", language="PYTHON", returnType=INT), "a routine in python"),
    (routine("summing", "SUM(n)", "AGGREGATE_FUNCTION"), "an aggregate function"),
    (routine("steady", "1", determinismLevel="DETERMINISTIC"), "determinismLevel DETERMINISTIC"),
    (routine("safe", "1", securityMode="DEFINER"), "securityMode DEFINER"),
    (routine("lax", "BEGIN END", "PROCEDURE", strictMode=False), "strictMode false"),
    (routine("mask", "1", dataGovernanceType="DATA_MASKING"), "dataGovernanceType"),
]


def answers(documents: list[dict[str, Any]]) -> SimpleNamespace:
    """A BigQuery that has these objects, and no scheduled query."""
    tables = {d["tableReference"]["tableId"]: d for d in documents if "tableReference" in d}
    routines = {d["routineReference"]["routineId"]: d for d in documents if "routineReference" in d}
    dataset = {
        "datasetReference": {"projectId": P, "datasetId": D},
        "location": "US",
        "defaultEncryptionConfiguration": {"kmsKeyName": KEY},
    }
    client = SimpleNamespace(
        get_dataset=lambda _: bigquery.Dataset.from_api_repr(dataset),
        list_tables=lambda _: [bigquery.Table.from_api_repr(d) for d in tables.values()],
        list_routines=lambda _: [bigquery.Routine.from_api_repr(d) for d in routines.values()],
        get_table=lambda reference: bigquery.Table.from_api_repr(tables[reference.table_id]),
        get_routine=lambda reference: bigquery.Routine.from_api_repr(
            routines[reference.routine_id]
        ),
    )
    transfers = SimpleNamespace(list_transfer_configs=lambda parent: [])
    return SimpleNamespace(bigquery=client, transfers=transfers, settings=parse(VALUES, "f"))


@pytest.fixture(scope="module")
def settings() -> Settings:
    return parse(VALUES, "f")


@pytest.fixture(scope="module")
def present() -> list[Live]:
    documents = [*DECLARED, *QUOTED, *NAMED, *(document for document, _ in REFUSED)]
    assert len(documents) >= 60
    return live.read(answers(documents), parse(VALUES, "f"), [D])  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def found(present: list[Live], settings: Settings) -> Survey:
    wanted = Wanted((), (), {})
    return survey("staging", wanted, present, EMPTY, D, settings.all_labels)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def written(found: Survey, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files of everything that can be declared."""
    root = tmp_path_factory.mktemp("written")
    adoption_files.write(root / "out", found, "again")
    (root / "out" / "sql").rename(root / "sql")
    return root


@pytest.mark.parametrize(("document", "words"), REFUSED, ids=[w for _, w in REFUSED])
def test_what_cannot_be_declared_is_said_by_name_and_has_no_file(
    found: Survey, written: Path, document: dict[str, Any], words: str
) -> None:
    reference = document.get("tableReference") or document["routineReference"]
    name = reference.get("tableId") or reference["routineId"]
    [finding] = [one for one in found.findings if one.name == name]
    assert any(words in text for text in finding.undeclared), finding.undeclared
    assert finding.advice.startswith("left alone; cannot be declared: ")
    assert not list(written.rglob(f"{name}.sql"))
    assert f"{name}" in survey_report.text(found)


def test_every_other_object_has_a_file_that_declares_it_whole(
    found: Survey, written: Path, present: list[Live], settings: Settings
) -> None:
    refused = {f.name: f.undeclared for f in found.findings if f.undeclared}
    assert len(refused) == len(REFUSED), refused
    known = catalogue.load(settings, written)
    assert len(known.objects) == len(DECLARED) + len(QUOTED) + len(NAMED)

    def declare() -> None:
        dataset = gcp.bigquery.Dataset("dataset", dataset_id=D, project=P)
        Objects("objects", settings, known, SimpleNamespace(dataset=dataset))  # type: ignore[arg-type]

    resources = tuple(
        Declared(f"urn::{r.name}", r.type, r.name, r.inputs, custom=True, protect=r.protect)
        for r in record(declare)
        if r.type in (TABLE, ROUTINE)
    )
    assert len(resources) == len(DECLARED) + len(QUOTED) + len(NAMED)
    again = survey("staging", Wanted(resources, (), {}), present, EMPTY, D)  # type: ignore[arg-type]
    by_name = {f.name: f for f in again.findings if f.declared is not None}
    # The program's own labels are all that an up adds, and what is written otherwise.
    same = {"labels", "layout or comments of the query", "layout or comments of the body"}
    different = {
        name: rest
        for name, finding in by_name.items()
        if (rest := [line for line in survey_report.details(finding) if line not in same])
    }
    # A file says the project: the same view, updated in place.
    [named] = different.pop("without_project")
    assert named.startswith("the query: ... FROM brain.keyed becomes ... ")
    assert different == {}, json.dumps(different, indent=1)
    assert {f.status for f in by_name.values()} <= {Status.MATCHES, Status.DIFFERS}


def test_the_files_pass_the_analyser(
    written: Path, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "cache_folder", lambda: tmp_path)
    report = validate(settings, written)
    assert [str(one) for one in report.findings] == []


def test_what_the_program_knows_nothing_of_is_reported_of_a_declared_object(
    present: list[Live],
) -> None:
    one = next(one for one in present if one.name == "told_columns")
    resource = Declared("urn::v", TABLE, "told_columns", dict(one.inputs), True, False)
    found = survey("s", Wanted((resource,), (), {}), [replace(one)], EMPTY, D)  # type: ignore[arg-type]
    [finding] = found.findings
    assert finding.status is Status.MATCHES
    assert finding.advice.endswith("the program does not declare: description of column x")
    assert json.dumps(survey_report.document(found))
