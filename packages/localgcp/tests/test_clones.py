"""Clones and snapshots of tables, by SQL and by copy job.

https://cloud.google.com/bigquery/docs/table-clones-intro
https://cloud.google.com/bigquery/docs/table-snapshots-intro
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from packages.localgcp.tests.rest_support import PROJECT, emulator

# As in test_job_history: the client and Pulumi's protocol define the same message.
if TYPE_CHECKING:
    from google.cloud import bigquery

pytestmark = pytest.mark.emulator


class BigQuery:
    """One BigQuery, asked by SQL and by job; every test has tables of its own."""

    def __init__(self, client: bigquery.Client) -> None:
        self.client = client

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.client.query_and_wait(sql)]

    def table(self, name: str) -> dict[str, Any]:
        return self.client.get_table(f"{PROJECT}.ds.{name}").to_api_repr()

    def refusal(self, sql: str) -> str:
        from google.api_core.exceptions import GoogleAPICallError

        with pytest.raises(GoogleAPICallError) as caught:
            self.rows(sql)
        return caught.value.message

    def copy(
        self,
        source: str | list[str],
        target: str,
        operation: str,
        write: str = "WRITE_EMPTY",
        **more: Any,
    ) -> dict[str, Any]:
        """The ended job of a copy; `more` is further configuration of it."""

        def reference(name: str) -> dict[str, str]:
            dataset, _, table = name.rpartition(".")
            return {"projectId": PROJECT, "datasetId": dataset or "ds", "tableId": table}

        sources = [source] if isinstance(source, str) else source
        copy = {
            "sourceTables": [reference(name) for name in sources],
            "destinationTable": reference(target),
            "operationType": operation,
            "writeDisposition": write,
            **more,
        }
        job = self.client._connection.api_request(
            method="POST", path=f"/projects/{PROJECT}/jobs", data={"configuration": {"copy": copy}}
        )
        while job["status"]["state"] != "DONE":
            time.sleep(0.05)
            path = f"/projects/{PROJECT}/jobs/{job['jobReference']['jobId']}"
            job = self.client._connection.api_request(method="GET", path=path)
        return job

    def copy_refusal(self, *arguments: Any, **more: Any) -> str:
        from google.api_core.exceptions import GoogleAPICallError

        try:
            return str(self.copy(*arguments, **more)["status"]["errorResult"]["message"])
        except GoogleAPICallError as error:
            return error.message


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BigQuery]:
    from google.api_core.client_options import ClientOptions
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import bigquery

    with emulator(tmp_path_factory.mktemp("clones")) as url:
        client = bigquery.Client(
            PROJECT, AnonymousCredentials(), client_options=ClientOptions(api_endpoint=url)
        )
        found = BigQuery(client)
        found.rows("CREATE SCHEMA ds")
        europe = bigquery.Dataset(f"{PROJECT}.europe")
        europe.location = "EU"
        client.create_dataset(europe)
        yield found


@pytest.fixture
def base(big: BigQuery, request: pytest.FixtureRequest) -> str:
    """Name of a table with two rows."""
    name = request.node.name.partition("[")[0].removeprefix("test_")[:60]
    big.rows(f"DROP TABLE IF EXISTS ds.{name}")
    big.rows(
        f"CREATE TABLE ds.{name} (id INT64 NOT NULL OPTIONS (description = 'key'), d DATE)"
        " PARTITION BY d CLUSTER BY id"
        " OPTIONS (description = 'base', labels = [('team', 'a')],"
        " partition_expiration_days = 9999)"
    )
    big.rows(f"INSERT INTO ds.{name} VALUES (1, '2026-01-01'), (2, '2026-01-02')")
    return name


def reference(name: str) -> dict[str, str]:
    return {"projectId": PROJECT, "datasetId": "ds", "tableId": name}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_a_clone_has_all_of_its_base_and_changes_alone(big: BigQuery, base: str) -> None:
    before = datetime.now(UTC)
    big.rows(f"CREATE TABLE ds.{base}_c CLONE ds.{base}")
    found = big.table(f"{base}_c")
    assert found["type"] == "TABLE"
    assert found["cloneDefinition"]["baseTableReference"] == reference(base)
    assert before <= at(found["cloneDefinition"]["cloneTime"]) <= datetime.now(UTC)
    assert "snapshotDefinition" not in found
    for key in ("schema", "timePartitioning", "clustering", "description", "labels"):
        assert found[key] == big.table(base)[key], key
    big.rows(f"INSERT INTO ds.{base}_c VALUES (3, '2026-01-03')")
    big.rows(f"DELETE FROM ds.{base} WHERE id = 1")
    assert big.rows(f"SELECT id FROM ds.{base}_c ORDER BY id") == [(1,), (2,), (3,)]
    assert big.rows(f"SELECT id FROM ds.{base} ORDER BY id") == [(2,)]


@pytest.mark.parametrize("kind", ["TABLE", "SNAPSHOT TABLE"])
def test_the_past_is_copied_as_of_its_moment(big: BigQuery, base: str, kind: str) -> None:
    time.sleep(0.05)
    moment = datetime.now(UTC)
    time.sleep(0.05)
    big.rows(f"INSERT INTO ds.{base} VALUES (3, '2026-01-03')")
    target = f"{base}_{kind[0]}"
    big.rows(f"CREATE {kind} ds.{target} CLONE ds.{base} FOR SYSTEM_TIME AS OF '{moment}'")
    assert big.rows(f"SELECT id FROM ds.{target} ORDER BY id") == [(1,), (2,)]
    found = big.table(target)
    stamp = (found.get("cloneDefinition") or found["snapshotDefinition"]).get
    assert at(stamp("cloneTime") or stamp("snapshotTime")) == moment


def test_the_options_of_a_statement_go_before_those_of_the_base(big: BigQuery, base: str) -> None:
    for kind in ("TABLE", "SNAPSHOT TABLE"):
        target = f"{base}_{kind[0]}"
        big.rows(
            f"CREATE {kind} ds.{target} CLONE ds.{base} OPTIONS (description = 'own',"
            " labels = [('team', 'b')], friendly_name = 'f',"
            " expiration_timestamp = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 1 DAY))"
        )
        found = big.table(target)
        reported = (found["description"], found["labels"], found["friendlyName"])
        assert reported == ("own", {"team": "b"}, "f")
        expires = datetime.fromtimestamp(int(found["expirationTime"]) / 1000, UTC)
        assert timedelta(hours=23) < expires - datetime.now(UTC) <= timedelta(days=1)


def test_what_exists_is_kept_if_the_statement_says_so(big: BigQuery, base: str) -> None:
    for kind in ("TABLE", "SNAPSHOT TABLE"):
        target = f"{base}_{kind[0]}"
        big.rows(f"CREATE {kind} IF NOT EXISTS ds.{target} CLONE ds.{base}")
        assert "Already Exists" in big.refusal(f"CREATE {kind} ds.{target} CLONE ds.{base}")
        big.rows(f"INSERT INTO ds.{base} VALUES (3, '2026-01-03')")
        big.rows(f"CREATE {kind} IF NOT EXISTS ds.{target} CLONE ds.{base}")
        assert big.rows(f"SELECT COUNT(*) FROM ds.{target}") == [(2,)]
        big.rows(f"DELETE FROM ds.{base} WHERE id = 3")


def test_a_snapshot_cannot_be_changed_and_is_dropped_as_one(big: BigQuery, base: str) -> None:
    big.rows(f"CREATE SNAPSHOT TABLE ds.{base}_s CLONE ds.{base}")
    found = big.table(f"{base}_s")
    assert found["type"] == "SNAPSHOT"
    assert found["snapshotDefinition"]["baseTableReference"] == reference(base)
    assert "cloneDefinition" not in found
    assert "expirationMs" not in found["timePartitioning"]
    assert "snapshot" in big.refusal(f"DELETE FROM ds.{base}_s WHERE TRUE")
    assert "snapshot" in big.refusal(f"INSERT INTO ds.{base}_s VALUES (3, '2026-01-03')").lower()
    assert "snapshot" in big.refusal(f"TRUNCATE TABLE ds.{base}_s").lower()
    assert big.rows(f"SELECT COUNT(*) FROM ds.{base}_s") == [(2,)]
    big.rows(f"DROP SNAPSHOT TABLE ds.{base}_s")
    big.rows(f"DROP SNAPSHOT TABLE IF EXISTS ds.{base}_s")


def test_a_table_is_no_snapshot_to_be_dropped(big: BigQuery, base: str) -> None:
    big.rows(f"CREATE SNAPSHOT TABLE ds.{base}_s CLONE ds.{base}")
    assert "snapshot" in big.refusal(f"DROP SNAPSHOT TABLE ds.{base}").lower()
    assert "snapshot" in big.refusal(f"DROP TABLE ds.{base}_s").lower()
    assert big.rows(f"SELECT COUNT(*) FROM ds.{base}") == [(2,)]
    assert big.rows(f"SELECT COUNT(*) FROM ds.{base}_s") == [(2,)]


def test_a_snapshot_is_restored_by_a_clone_and_by_a_job(big: BigQuery, base: str) -> None:
    big.rows(f"CREATE SNAPSHOT TABLE ds.{base}_s CLONE ds.{base}")
    big.rows(f"CREATE TABLE ds.{base}_r CLONE ds.{base}_s")
    assert big.table(f"{base}_r")["type"] == "TABLE"
    big.rows(f"INSERT INTO ds.{base}_r VALUES (3, '2026-01-03')")
    big.rows(f"DELETE FROM ds.{base} WHERE TRUE")
    big.rows(f"CREATE OR REPLACE TABLE ds.{base} CLONE ds.{base}_s")
    assert big.rows(f"SELECT COUNT(*) FROM ds.{base}") == [(2,)]
    assert "errorResult" not in big.copy(f"{base}_s", f"{base}_j", "RESTORE")["status"]
    assert big.table(f"{base}_j")["type"] == "TABLE"
    big.rows(f"INSERT INTO ds.{base}_j VALUES (3, '2026-01-03')")
    done = big.copy(f"{base}_s", f"{base}_j", "RESTORE", "WRITE_TRUNCATE")
    assert "errorResult" not in done["status"]
    assert big.rows(f"SELECT COUNT(*) FROM ds.{base}_j") == [(2,)]


def test_a_copy_of_a_snapshot_is_a_snapshot_of_now_only(big: BigQuery, base: str) -> None:
    big.rows(f"CREATE SNAPSHOT TABLE ds.{base}_s CLONE ds.{base}")
    big.rows(f"CREATE SNAPSHOT TABLE ds.{base}_t CLONE ds.{base}_s")
    assert big.table(f"{base}_t")["type"] == "SNAPSHOT"
    for kind in ("TABLE", "SNAPSHOT TABLE"):
        sql = (
            f"CREATE {kind} ds.{base}_u CLONE ds.{base}_s FOR SYSTEM_TIME AS OF CURRENT_TIMESTAMP()"
        )
        assert "SYSTEM_TIME" in big.refusal(sql)


@pytest.mark.parametrize("kind", ["TABLE", "SNAPSHOT TABLE"])
def test_what_is_no_table_is_not_cloned(big: BigQuery, base: str, kind: str) -> None:
    big.rows(f"CREATE OR REPLACE VIEW ds.{base}_v AS SELECT id FROM ds.{base}")
    big.rows(
        f"CREATE MATERIALIZED VIEW IF NOT EXISTS ds.{base}_m AS"
        f" SELECT id, COUNT(*) AS n FROM ds.{base} GROUP BY id"
    )
    for source in (f"{base}_v", f"{base}_m"):
        text = big.refusal(f"CREATE {kind} ds.{base}_x CLONE ds.{source}")
        assert "view" in text.lower(), text
    text = big.refusal(f"CREATE {kind} ds.{base}_x CLONE ds.missing")
    assert "Not found" in text


@pytest.mark.parametrize(("operation", "key"), [("CLONE", "clone"), ("SNAPSHOT", "snapshot")])
def test_a_job_clones_and_takes_snapshots(
    big: BigQuery, base: str, operation: str, key: str
) -> None:
    target = f"{base}_{key}"
    expires = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
    job = big.copy(base, target, operation, destinationExpirationTime=expires.isoformat())
    assert "errorResult" not in job["status"]
    found = big.table(target)
    assert found[f"{key}Definition"]["baseTableReference"] == reference(base)
    assert found["type"] == {"clone": "TABLE", "snapshot": "SNAPSHOT"}[key]
    assert int(found["expirationTime"]) == int(expires.timestamp() * 1000)
    assert big.rows(f"SELECT COUNT(*) FROM ds.{target}") == [(2,)]


def test_a_job_clones_the_past_that_a_decorator_names(big: BigQuery, base: str) -> None:
    time.sleep(0.05)
    moment = datetime.now(UTC)
    time.sleep(0.05)
    big.rows(f"INSERT INTO ds.{base} VALUES (3, '2026-01-03')")
    stamp = int(moment.timestamp() * 1000)
    for operation, key in (("CLONE", "cloneTime"), ("SNAPSHOT", "snapshotTime")):
        target = f"{base}_{operation.lower()}"
        job = big.copy(f"{base}@{stamp}", target, operation)
        assert "errorResult" not in job["status"]
        assert big.rows(f"SELECT COUNT(*) FROM ds.{target}") == [(2,)]
        reported = big.table(target)[f"{operation.lower()}Definition"]
        assert reported["baseTableReference"] == reference(base)
        assert int(at(reported[key]).timestamp() * 1000) == stamp


def test_jobs_refuse_what_google_refuses(big: BigQuery, base: str) -> None:
    big.rows(f"CREATE SNAPSHOT TABLE ds.{base}_s CLONE ds.{base}")
    big.rows(f"CREATE TABLE ds.{base}_t CLONE ds.{base}")
    big.rows(f"CREATE OR REPLACE VIEW ds.{base}_v AS SELECT id FROM ds.{base}")
    refused = big.copy_refusal
    # An existing table with rows, whatever is to become of it.
    for operation, source in (("CLONE", base), ("SNAPSHOT", base), ("RESTORE", f"{base}_s")):
        assert "Already Exists" in refused(source, f"{base}_t", operation)
    # Nothing is appended, and no table gives way to a snapshot.
    for operation, source in (("CLONE", base), ("SNAPSHOT", base), ("RESTORE", f"{base}_s")):
        assert "WRITE_APPEND" in refused(source, f"{base}_t", operation, "WRITE_APPEND")
    assert "WRITE_TRUNCATE" in refused(base, f"{base}_t", "SNAPSHOT", "WRITE_TRUNCATE")
    # Which type the source and the destination have is part of the operation.
    assert "SNAPSHOT" in refused(base, f"{base}_n", "RESTORE")
    assert "view" in refused(f"{base}_v", f"{base}_n", "CLONE").lower()
    assert "one source" in refused([base, f"{base}_t"], f"{base}_n", "CLONE")
    assert "Not found" in refused("missing", f"{base}_n", "CLONE")
    assert "Not found" in refused(base, f"nowhere.{base}_n", "CLONE")
    assert big.rows(f"SELECT COUNT(*) FROM ds.{base}_t") == [(2,)]


def test_a_clone_in_another_region_is_refused_and_a_job_copies_all(
    big: BigQuery, base: str
) -> None:
    for kind in ("TABLE", "SNAPSHOT TABLE"):
        text = big.refusal(f"CREATE {kind} europe.{base} CLONE ds.{base}")
        assert "Not found: Dataset eros-local:ds was not found in location EU" in text
    assert "errorResult" not in big.copy(base, f"europe.{base}", "CLONE")["status"]
    found = big.client.get_table(f"{PROJECT}.europe.{base}").to_api_repr()
    assert found["type"] == "TABLE"
    assert "cloneDefinition" not in found
    assert big.rows(f"SELECT COUNT(*) FROM europe.{base}") == [(2,)]


def test_the_moment_of_a_clone_can_be_a_parameter(big: BigQuery, base: str) -> None:
    from google.cloud import bigquery

    time.sleep(0.05)
    moment = datetime.now(UTC)
    time.sleep(0.05)
    big.rows(f"INSERT INTO ds.{base} VALUES (3, '2026-01-03')")
    config = bigquery.QueryJobConfig(
        query_parameters=[bigquery.ScalarQueryParameter("at", "TIMESTAMP", moment)]
    )
    sql = f"CREATE TABLE ds.{base}_p CLONE ds.{base} FOR SYSTEM_TIME AS OF @at"
    big.client.query_and_wait(sql, job_config=config)
    assert big.rows(f"SELECT COUNT(*) FROM ds.{base}_p") == [(2,)]
    assert at(big.table(f"{base}_p")["cloneDefinition"]["cloneTime"]) == moment


ME = "user:local-bigquery@localhost"


def test_labels_and_an_expiration_do_not_count_as_written(big: BigQuery, base: str) -> None:
    def written() -> tuple[int, int, datetime]:
        [(rows, size, moment)] = big.rows(
            "SELECT SUM(total_rows), SUM(total_logical_bytes), MAX(last_modified_time)"
            f" FROM ds.INFORMATION_SCHEMA.PARTITIONS WHERE table_name = '{base}_own'"
        )
        return rows, size, moment

    big.rows(f"CREATE TABLE ds.{base}_own CLONE ds.{base}")
    cloned = written()
    assert cloned[:2] == (2, int(big.table(f"{base}_own")["numBytes"]))
    table = big.client.get_table(f"{PROJECT}.ds.{base}_own")
    table.expires = datetime.now(UTC) + timedelta(days=3)
    table.labels = {"team": "b"}
    big.client.update_table(table, ["expires", "labels"])
    assert written() == cloned
    big.rows(f"UPDATE ds.{base}_own SET id = 7 WHERE id = 1")
    assert written()[2] > cloned[2]


def test_who_sees_some_rows_only_clones_none_of_them(big: BigQuery, base: str) -> None:
    policy = f"CREATE OR REPLACE ROW ACCESS POLICY low ON ds.{base} GRANT TO ('{ME}')"
    big.rows(f"{policy} FILTER USING (id = 1)")
    stamp = int(time.time() * 1000)
    assert "row" in big.refusal(f"CREATE TABLE ds.{base}_c CLONE ds.{base}")
    for operation in ("CLONE", "SNAPSHOT", "COPY"):
        for source in (base, f"{base}@{stamp}"):
            text = big.copy_refusal(source, f"{base}_c", operation)
            assert "row" in text, (operation, source, text)
    assert "Not found" in big.refusal(f"SELECT 1 FROM ds.{base}_c")


@pytest.mark.parametrize("operation", ["CLONE", "SNAPSHOT", "COPY"])
def test_a_copy_by_job_has_the_policies_of_its_source(
    big: BigQuery, base: str, operation: str
) -> None:
    grant = "CREATE OR REPLACE ROW ACCESS POLICY"
    big.rows(f"{grant} everything ON ds.{base} GRANT TO ('{ME}') FILTER USING (TRUE)")
    big.rows(f"{grant} low ON ds.{base} GRANT TO ('user:b@example.com') FILTER USING (id = 1)")
    job = big.copy(base, f"{base}_c", operation)
    assert "errorResult" not in job["status"]
    path = f"/projects/{PROJECT}/datasets/ds/tables/{base}_c/rowAccessPolicies"
    answer = big.client._connection.api_request(method="GET", path=path)
    names = [p["rowAccessPolicyReference"]["policyId"] for p in answer["rowAccessPolicies"]]
    assert sorted(names) == ["everything", "low"]
    big.rows(f"DROP {'SNAPSHOT ' if operation == 'SNAPSHOT' else ''}TABLE ds.{base}_c")
