"""The corpus on the local BigQuery: each statement runs, or is refused as docs/fidelity.md says.

Objects are created by their DDL, read or called, over tables that hold rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from google.api_core.exceptions import BadRequest
from google.cloud import bigquery

from bqstack import catalogue
from bqstack.adopt.written_ddl import written_type
from bqstack.catalogue import Catalogue, Kind, Routine
from eros.project.settings import PROJECT_ROOT
from eros.project.stack_file import parse
from packages.bqstack.tests.corpus_cases import CASES, Case, write_base
from packages.bqstack.tests.sql_folder import SqlFolder
from tests.sql.conftest import PROJECT
from tests.unit.conftest import VALUES

pytestmark = [pytest.mark.sql, pytest.mark.emulator]

DATASET = "corpus"
# What BigQuery does and the local BigQuery does not, by the name that its error gives.
LOCALLY_REFUSED = {
    "ai_search": "functions of AI",
    "appends": "APPENDS",
    "changes": "CHANGES",
    "gap_fill": "GAP_FILL",
    "ml_functions": "functions of ML",
    "ml_scalers": "functions of ML",
    "vector_search": "VECTOR_SEARCH",
    "vector_search_single": "VECTOR_SEARCH",
    "aggregation_threshold": "SELECT WITH AGGREGATION_THRESHOLD",
    "differential_privacy": "SELECT WITH DIFFERENTIAL_PRIVACY",
    "match_recognize": "MATCH_RECOGNIZE",
    "pipe_match_recognize": "MATCH_RECOGNIZE",
    "text_analysis": "functions of text analysis",
    "dlp": "functions of DLP",
    "system_variables_of_the_job": "@@location",
    "set_location": "@@location",
    "public_few_texts": "a LIMIT of distinct texts in STRING_AGG",
    "table_default_array": "a DEFAULT of a column of type ARRAY",
    "table_default_struct": "a DEFAULT of a column of type STRUCT",
}
# Procedures that are there to fail, with what they say; `assert` finds rows and says nothing.
FAILING = {"exception": "no", "raise": "no"}
ROWS = """
INSERT INTO t VALUES
    (1, 2, '7', DATE '2026-01-02', TIMESTAMP '2026-01-02 03:04:05+00',
        DATETIME '2026-01-02 03:04:05', 0.5, 1.25, TRUE,
        JSON '{"a": {"b": 2}, "c": 5, "key": [7]}', [1, 2], (3, 'three'), [('k', 1), ('l', 2)]),
    (2, 2, '8', DATE '2026-01-03', NULL, NULL, NULL, NULL, FALSE, NULL, [3, 4], NULL, []),
    (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, JSON 'null', [5, 6], (NULL, NULL), []);
INSERT INTO u VALUES (1, 's', 10), (4, NULL, NULL);
INSERT INTO keyed VALUES (1, 'one');
INSERT INTO days VALUES (DATE '2026-01-01', 1);
"""


@dataclass(frozen=True)
class Local:
    """The local BigQuery with the tables that the corpus reads."""

    client: bigquery.Client
    catalogue: Catalogue

    def run(self, sql: str) -> list[tuple[object, ...]]:
        config = bigquery.QueryJobConfig(default_dataset=f"{PROJECT}.{DATASET}")
        job = self.client.query(sql, job_config=config, retry=None, job_retry=None)
        return [tuple(row.values()) for row in job.result()]

    def use(self, case: Case) -> list[tuple[object, ...]]:
        """Create the object of the case and read it or call it."""
        made = self.catalogue.objects[case.name]
        self.run(made.sql)
        name = f"`{PROJECT}`.{DATASET}.{case.name}"
        if made.kind is Kind.TABLE:
            # Some want a filter in every query.
            return [tuple(row.values()) for row in self.client.list_rows(f"{DATASET}.{case.name}")]
        if made.kind in (Kind.VIEW, Kind.MATERIALIZED_VIEW):
            return self.run(f"SELECT * FROM {name}")
        assert isinstance(made, Routine)
        types = [written_type(one.type) if one.type else "INT64" for one in made.arguments]
        values = ", ".join(f"CAST(NULL AS {one})" for one in types)
        if made.kind is Kind.FUNCTION:
            return self.run(f"SELECT {name}({values}) AS x")
        if made.kind is Kind.TABLE_FUNCTION:
            return self.run(f"SELECT * FROM {name}({values})")
        declared = "".join(f"DECLARE _{n} {one};" for n, one in enumerate(types))
        called = ", ".join(f"_{n}" for n, _ in enumerate(types))
        return self.run(f"{declared} CALL {name}({called});")


@pytest.fixture(scope="module")
def local(client: bigquery.Client, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    settings = parse(
        {**VALUES, "location": "US", "project": PROJECT, "dataset": DATASET}, "Pulumi.staging.yaml"
    )
    sql = SqlFolder(tmp_path_factory.mktemp("corpus"))
    write_base(sql)
    for case in CASES:
        case.write(sql, case.text)
    made = Local(client, catalogue.load(settings, sql.root))
    client.create_dataset(f"{PROJECT}.{DATASET}")
    names = {case.name for case in CASES}
    for item in made.catalogue:
        if item.name not in names:
            made.run(item.sql)
    made.run(ROWS)
    for dataset, table in (
        ("other-project.analytics_1", "events_20260102 (event_name STRING, event_date STRING)"),
        ("bigquery-public-data.samples", "shakespeare (word STRING, word_count INT64)"),
    ):
        # They stay when a worker comes to this module for a second time.
        client.create_dataset(dataset, exists_ok=True)
        made.run(f"CREATE TABLE IF NOT EXISTS `{dataset}`.{table}")
    yield made
    client.delete_dataset(f"{PROJECT}.{DATASET}", delete_contents=True)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_statement_runs_or_is_refused_by_name(local: Local, case: Case) -> None:
    if case.name in LOCALLY_REFUSED:
        feature = LOCALLY_REFUSED[case.name]
        with pytest.raises(BadRequest, match=f"The local BigQuery does not run {feature}"):
            local.use(case)
        page = (PROJECT_ROOT / "docs" / "fidelity.md").read_text(encoding="utf-8")
        assert f"`{feature}`" in page
    elif case.name in FAILING:
        with pytest.raises(BadRequest, match=rf"^400 {FAILING[case.name]};"):
            local.use(case)
    else:
        local.use(case)
