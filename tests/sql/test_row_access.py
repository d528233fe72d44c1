"""Row access policies on the local BigQuery: who sees what, and what is refused, as on Google."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from google.api_core.exceptions import BadRequest, Forbidden
from google.cloud import bigquery

from tests.sql.conftest import PROJECT

pytestmark = pytest.mark.emulator

DATASET = "row_access"
ME = "user:local-bigquery@localhost"


@pytest.fixture(scope="module")
def dataset(client: bigquery.Client) -> str:
    client.create_dataset(f"{PROJECT}.{DATASET}")
    return DATASET


@pytest.fixture
def table(client: bigquery.Client, dataset: str) -> Iterator[str]:
    """A table of ten rows; its quoted name."""
    name = f"`{PROJECT}`.`{dataset}`.zs"
    run(client, f"CREATE OR REPLACE TABLE {name} (id INT64, k STRING, j JSON)")
    run(client, f"INSERT INTO {name} (id) SELECT n FROM UNNEST(GENERATE_ARRAY(1, 10)) AS n")
    yield name
    run(client, f"DROP TABLE IF EXISTS {name}")
    run(client, f"DROP SNAPSHOT TABLE IF EXISTS `{PROJECT}`.`{dataset}`.copy")


def run(client: bigquery.Client, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in client.query(sql, retry=None, job_retry=None).result()]


def call(client: bigquery.Client, method: str, path: str, body: Any = None) -> Any:
    base = f"/projects/{PROJECT}/datasets/{DATASET}/tables/"
    return client._connection.api_request(method=method, path=base + path, data=body)


def policies(client: bigquery.Client, table: str) -> list[str]:
    answer = call(client, "GET", f"{table}/rowAccessPolicies")
    return [p["rowAccessPolicyReference"]["policyId"] for p in answer.get("rowAccessPolicies", [])]


def grant(client: bigquery.Client, table: str, name: str, condition: str, to: str = ME) -> None:
    run(
        client,
        f"CREATE OR REPLACE ROW ACCESS POLICY {name} ON {table} "
        f"GRANT TO ('{to}') FILTER USING ({condition})",
    )


def test_a_policy_shows_its_rows_to_its_grantees_and_none_to_others(
    client: bigquery.Client, table: str
) -> None:
    grant(client, table, "other", "TRUE", "user:somebody@example.com")
    assert run(client, f"SELECT COUNT(*) FROM {table}") == [(0,)]
    grant(client, table, "low", "id <= 4")
    assert run(client, f"SELECT COUNT(*) FROM {table}") == [(4,)]
    grant(client, table, "nine", "id = 9")
    assert run(client, f"SELECT COUNT(*) FROM {table}") == [(5,)]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {t} SET k = 'x' WHERE TRUE",
        "DELETE FROM {t} WHERE TRUE",
        "INSERT INTO {t} (id) VALUES (11)",
        "TRUNCATE TABLE {t}",
        "MERGE {t} AS t USING (SELECT 1 AS id) AS s ON t.id = s.id WHEN MATCHED THEN DELETE",
        "CREATE SNAPSHOT TABLE `eros-local`.`row_access`.copy CLONE {t}",
        "CREATE TABLE `eros-local`.`row_access`.copied COPY {t}",
    ],
)
def test_who_sees_some_rows_only_can_neither_change_nor_copy_the_table(
    client: bigquery.Client, table: str, statement: str
) -> None:
    grant(client, table, "low", "id <= 4")
    with pytest.raises(Forbidden, match=r"row_access\.zs.*TRUE filter access.*low"):
        run(client, statement.format(t=table))


def test_with_a_true_filter_everything_goes_and_copies_keep_the_policies(
    client: bigquery.Client, table: str
) -> None:
    grant(client, table, "low", "id <= 4", "user:somebody@example.com")
    grant(client, table, "everything", "TRUE")
    run(client, f"UPDATE {table} SET k = 'x' WHERE TRUE")
    copy = f"`{PROJECT}`.`{DATASET}`.copy"
    run(client, f"CREATE SNAPSHOT TABLE {copy} CLONE {table}")
    assert run(client, f"SELECT COUNT(*) FROM {copy}") == [(10,)]
    assert sorted(policies(client, "copy")) == ["everything", "low"]


def test_a_table_with_policies_keeps_its_columns(client: bigquery.Client, table: str) -> None:
    grant(client, table, "everything", "TRUE")
    for change in ("DROP COLUMN k", "RENAME COLUMN k TO l"):
        with pytest.raises(BadRequest, match="row access policies"):
            run(client, f"ALTER TABLE {table} {change}")
    run(client, f"ALTER TABLE {table} ADD COLUMN m INT64")


def test_a_json_column_has_no_policy(client: bigquery.Client, table: str) -> None:
    with pytest.raises(BadRequest, match="JSON column j"):
        grant(client, table, "by_json", "j IS NOT NULL")


def test_the_policies_of_a_table_go_with_it(client: bigquery.Client, table: str) -> None:
    grant(client, table, "low", "id <= 4")
    run(client, f"DROP TABLE {table}")
    run(client, f"CREATE TABLE {table} (id INT64)")
    assert policies(client, "zs") == []


def test_the_api_tells_a_policy_without_its_grantees_and_iam_tells_them(
    client: bigquery.Client, table: str
) -> None:
    body = {
        "rowAccessPolicyReference": {
            "projectId": PROJECT,
            "datasetId": DATASET,
            "tableId": "zs",
            "policyId": "low",
        },
        "filterPredicate": "id <= 4",
        "grantees": [ME],
    }
    call(client, "POST", "zs/rowAccessPolicies", body)
    [listed] = call(client, "GET", "zs/rowAccessPolicies")["rowAccessPolicies"]
    assert listed == call(client, "GET", "zs/rowAccessPolicies/low")
    assert listed["filterPredicate"] == "id <= 4"
    assert "grantees" not in listed
    iam = call(client, "POST", "zs/rowAccessPolicies/low:getIamPolicy", {})
    assert iam["bindings"] == [{"role": "roles/bigquery.filteredDataViewer", "members": [ME]}]
    asked = {"permissions": ["bigquery.rowAccessPolicies.getFilteredData"]}
    assert call(client, "POST", "zs/rowAccessPolicies/low:testIamPermissions", asked) == asked
    call(
        client,
        "PUT",
        "zs/rowAccessPolicies/low",
        body | {"filterPredicate": "id <= 2", "grantees": ["user:somebody@example.com"]},
    )
    assert call(client, "POST", "zs/rowAccessPolicies/low:testIamPermissions", asked) == {
        "permissions": []
    }
    assert run(client, f"SELECT COUNT(*) FROM {table}") == [(0,)]
    call(client, "DELETE", "zs/rowAccessPolicies/low")
    assert run(client, f"SELECT COUNT(*) FROM {table}") == [(10,)]


def test_the_row_count_of_a_table_is_that_of_its_rows(client: bigquery.Client, table: str) -> None:
    for statement, rows in (
        ("UPDATE {t} SET k = 'x' WHERE id < 4", 10),
        ("DELETE FROM {t} WHERE id = 2", 9),
        ("UPDATE {t} SET k = 'y' WHERE TRUE", 9),
        ("TRUNCATE TABLE {t}", 0),
        ("INSERT INTO {t} (id) VALUES (1), (2)", 2),
    ):
        run(client, statement.format(t=table))
        assert client.get_table(f"{PROJECT}.{DATASET}.zs").num_rows == rows
