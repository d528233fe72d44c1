"""Resources of BigQuery's REST API as Google's clients send and read them."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from packages.localgcp.tests.rest_support import PROJECT

# As in test_job_history: the client and Pulumi's protocol define the same message.
if TYPE_CHECKING:
    from google.cloud import bigquery

    from localgcp.bigquery.standalone import Standalone

pytestmark = pytest.mark.emulator


@pytest.fixture(scope="module")
def buckets(tmp_path_factory) -> Path:
    """Where the objects of Cloud Storage are."""
    return tmp_path_factory.mktemp("gcs")


@pytest.fixture(scope="module")
def server(tmp_path_factory, buckets: Path) -> Iterator[Standalone]:
    from localgcp.bigquery import standalone

    folder = tmp_path_factory.mktemp("resources")
    environment = {"GCS_LOCAL_ROOT": str(buckets)}
    with standalone.running(folder, project=PROJECT, environment=environment) as running:
        yield running


@pytest.fixture(scope="module")
def client(server: Standalone) -> bigquery.Client:
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import bigquery

    made = bigquery.Client(
        project=PROJECT,
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": server.rest},
    )
    made.create_dataset("d")
    return made


def values(client: bigquery.Client, sql: str, **options: Any) -> list[Any]:
    return [row[0] for row in client.query_and_wait(sql, **options)]


@pytest.mark.parametrize("name", ['the "net" total', "naïve", "a`b", "select"])
def test_a_parameter_may_have_any_name_in_backticks(client, name):
    from google.cloud import bigquery

    quoted = name.replace("`", "\\`")
    config = bigquery.QueryJobConfig(
        query_parameters=[
            bigquery.ScalarQueryParameter(name, "INT64", 7),
            bigquery.ArrayQueryParameter(f"{name}s", "INT64", [1, 2]),
        ]
    )
    sql = f"SELECT @`{quoted}` + ARRAY_LENGTH(@`{quoted}s`)"
    assert values(client, sql, job_config=config) == [9]


def test_a_parameter_that_is_not_given_is_named(client):
    with pytest.raises(Exception, match="Query parameter 'the sum' not found"):
        client.query_and_wait("SELECT @`the sum`")


def test_a_join_in_parentheses_may_begin_with_unnest(client):
    sql = "SELECT n * m FROM (UNNEST([1, 2]) AS n JOIN UNNEST([10]) AS m ON n > 1) WHERE m = 10"
    assert values(client, sql) == [20]


def test_a_table_function_is_made_by_rest_and_called(client):
    from google.cloud import bigquery

    number = bigquery.StandardSqlDataType(type_kind=bigquery.StandardSqlTypeNames.INT64)
    column = bigquery.StandardSqlField(name="n", type=number)
    routine = bigquery.Routine(
        f"{PROJECT}.d.above",
        type_="TABLE_VALUED_FUNCTION",
        arguments=[bigquery.RoutineArgument(name="low", data_type=number)],
        return_table_type=bigquery.StandardSqlTableType(columns=[column]),
        body="SELECT n FROM (UNNEST([1, 2, 3]) AS n JOIN UNNEST([0]) AS z ON TRUE) WHERE n > low",
    )
    made = client.create_routine(routine)
    assert made.return_table_type == routine.return_table_type
    assert values(client, "SELECT n FROM d.above(1) ORDER BY n") == [2, 3]


def test_statements_of_a_transaction_name_it_and_their_script_does_not(client):
    client.query_and_wait("CREATE TABLE d.counted (n INT64)")
    script = client.query(
        "INSERT INTO d.counted VALUES (0); BEGIN TRANSACTION; INSERT INTO d.counted VALUES (1);"
        " COMMIT TRANSACTION; SELECT COUNT(*) FROM d.counted"
    )
    script.result()
    jobs = sorted(
        client.list_jobs(parent_job=script), key=lambda job: int(job.job_id.rsplit("_", 1)[1])
    )
    found = [job.transaction_info and job.transaction_info.transaction_id for job in jobs]
    assert found[0] is None, "before BEGIN"
    assert found[4] is None, "after COMMIT"
    assert len(set(found[1:4])) == 1
    assert found[1]
    assert client.get_job(script.job_id).transaction_info is None


def test_a_policy_tag_stays_until_the_list_of_names_is_empty(client):
    from google.cloud import bigquery

    tag = bigquery.PolicyTagList([f"projects/{PROJECT}/locations/us/taxonomies/1/policyTags/2"])
    nothing = bigquery.PolicyTagList()

    def schema(tags: Any) -> list[bigquery.SchemaField]:
        extra = {} if tags is None else {"policy_tags": tags}
        inner = bigquery.SchemaField("inner", "STRING", **extra)
        return [
            bigquery.SchemaField("n", "INTEGER", **extra),
            bigquery.SchemaField("r", "RECORD", fields=[inner]),
        ]

    def update(tags: Any) -> list[Any]:
        table.schema = schema(tags)
        found = client.update_table(table, ["schema"]).schema
        return [found[0].policy_tags, found[1].fields[0].policy_tags]

    table = client.create_table(bigquery.Table(f"{PROJECT}.d.secret", schema(tag)))
    table._properties.pop("etag")
    assert update(None) == [tag, tag]
    assert update(nothing) == [None, None]


def test_the_bounds_of_a_range_are_named_start_and_end_by_the_storage_api(server, client):
    import fastavro
    import grpc
    from google.cloud import bigquery_storage_v1 as storage
    from google.cloud.bigquery_storage_v1.services.big_query_read.transports import (
        BigQueryReadGrpcTransport,
    )

    client.query_and_wait(
        "CREATE TABLE d.ranges AS SELECT RANGE<DATE> '[2026-01-01, UNBOUNDED)' AS one,"
        " [RANGE<DATE> '[2026-01-01, 2026-02-01)'] AS many,"
        " IF(FALSE, RANGE<DATE> '[2026-01-01, UNBOUNDED)', NULL) AS none"
    )
    with grpc.insecure_channel(server.storage) as channel:
        reader = storage.BigQueryReadClient(transport=BigQueryReadGrpcTransport(channel=channel))

        def rows(data_format: Any) -> list[dict[str, Any]]:
            session = reader.create_read_session(
                parent=f"projects/{PROJECT}",
                read_session=storage.types.ReadSession(
                    table=f"projects/{PROJECT}/datasets/d/tables/ranges", data_format=data_format
                ),
            )
            stream = reader.read_rows(session.streams[0].name)
            if data_format == storage.types.DataFormat.ARROW:
                return stream.to_arrow(session).to_pylist()
            schema = fastavro.parse_schema(json.loads(session.avro_schema.schema))
            return [
                fastavro.schemaless_reader(
                    io.BytesIO(page.avro_rows.serialized_binary_rows), schema
                )
                for page in stream
            ]

        begin, end = date(2026, 1, 1), date(2026, 2, 1)
        expected = {
            "one": {"start": begin, "end": None},
            "many": [{"start": begin, "end": end}],
            "none": None,
        }
        assert rows(storage.types.DataFormat.ARROW) == [expected]
        assert rows(storage.types.DataFormat.AVRO) == [expected]


def test_a_job_runs_where_its_dataset_is_and_is_found_nowhere_else(client):
    from google.api_core.exceptions import NotFound
    from google.cloud import bigquery

    dataset = bigquery.Dataset(f"{PROJECT}.d_eu")
    dataset.location = "EU"
    client.create_dataset(dataset)
    load = client.load_table_from_file(
        io.BytesIO(b'{"n": 1}'),
        "d_eu.t",
        job_config=bigquery.LoadJobConfig(source_format="NEWLINE_DELIMITED_JSON", autodetect=True),
    )
    load.result()
    assert load.location == "EU"
    query = client.query("SELECT n FROM d_eu.t")
    assert ([row.n for row in query.result()], query.location) == ([1], "EU")
    assert client.query_and_wait("SELECT n FROM d_eu.t").location == "EU"
    assert client.query("SELECT 1").location == "US"
    client.query_and_wait("CREATE PROCEDURE d_eu.pr() BEGIN SELECT n FROM d_eu.t; END")
    for script in ("CALL d_eu.pr()", "EXECUTE IMMEDIATE 'SELECT n FROM d_eu.t'"):
        assert client.query_and_wait(script).location == "EU"
    # A name that is no dataset's.
    assert client.query_and_wait("SELECT 1 AS d_eu").location == "US"
    # What is made by REST has no job, and so no location of its own.
    view = bigquery.Table(f"{PROJECT}.d_eu.v")
    view.view_query = f"SELECT n FROM `{PROJECT}.d_eu.t`"
    client.create_table(view)
    assert [row.n for row in client.query_and_wait("SELECT n FROM d_eu.v")] == [1]
    assert client.get_job(load.job_id, location="eu").location == "EU"
    for ask in (client.get_job, client.cancel_job):
        with pytest.raises(NotFound, match=f"Job {PROJECT}:US.{load.job_id}"):
            ask(load.job_id, location="US")
    found = f"Dataset {PROJECT}:d_eu was not found in location US"
    for begin in (
        lambda: client.query("SELECT n FROM d_eu.t", location="US"),
        lambda: client.query_and_wait("DELETE FROM d_eu.t WHERE TRUE", location="US"),
        lambda: client.copy_table("d_eu.t", "d_eu.copy", location="US"),
        lambda: client.extract_table("d_eu.t", "gs://b/t.csv", location="US"),
        lambda: client.query(
            "SELECT n FROM d_eu.t",
            location="US",
            job_config=bigquery.QueryJobConfig(dry_run=True),
        ),
    ):
        with pytest.raises(NotFound, match=found):
            begin().result()
    assert client.get_table("d_eu.t").num_rows == 1


def test_a_job_of_a_region_is_found_by_who_names_the_region(client):
    from google.api_core.exceptions import NotFound
    from google.cloud import bigquery

    dataset = bigquery.Dataset(f"{PROJECT}.d_tokyo")
    dataset.location = "asia-northeast1"
    client.create_dataset(dataset)
    job = client.query("CREATE TABLE d_tokyo.t AS SELECT 1 AS n")
    job.result()
    assert job.location == "asia-northeast1"
    assert client.get_job(job.job_id, location="asia-northeast1").state == "DONE"
    with pytest.raises(NotFound):
        client.get_job(job.job_id)


@pytest.mark.parametrize("method", ["INSERT", "QUERY"])
def test_a_dry_run_says_how_many_bytes_the_query_would_read(client, method):
    from google.cloud import bigquery

    client.query_and_wait("CREATE OR REPLACE TABLE d.sized AS SELECT 1 AS a, 2 AS b")
    config = bigquery.QueryJobConfig(dry_run=True)

    def processed(sql: str) -> int:
        return client.query(sql, job_config=config, api_method=method).total_bytes_processed

    assert processed("SELECT a FROM d.sized") == client.get_table("d.sized").num_bytes > 0
    assert processed("SELECT 1") == 0


def test_a_dataset_may_take_the_names_of_its_tables_in_any_case(client):
    from google.api_core.exceptions import Conflict, NotFound
    from google.cloud import bigquery

    dataset = bigquery.Dataset(f"{PROJECT}.d_any")
    dataset.is_case_insensitive = True
    client.create_dataset(dataset)
    schema = [bigquery.SchemaField("n", "INTEGER")]
    for place in ("d_any", "d"):
        client.create_table(bigquery.Table(f"{PROJECT}.{place}.Mixed", schema))
    assert client.get_table("d_any.mIXED").table_id == "Mixed"
    with pytest.raises(Conflict):
        client.create_table(bigquery.Table(f"{PROJECT}.d_any.mixed", schema))
    assert client.insert_rows_json(f"{PROJECT}.d_any.MIXED", [{"n": 1}]) == []
    assert values(client, "SELECT n FROM d_any.mixed") == [1]
    client.delete_table("d_any.MIXED")
    with pytest.raises(NotFound):
        client.get_table("d_any.Mixed")
    with pytest.raises(NotFound):
        client.get_table("d.mixed")


def parquet(path: Path, **columns: Any) -> None:
    import pyarrow
    import pyarrow.parquet

    path.parent.mkdir(exist_ok=True)
    pyarrow.parquet.write_table(pyarrow.table(columns), path)


def test_a_reference_file_says_the_columns_of_a_load(client, buckets):
    from google.cloud import bigquery

    parquet(buckets / "b" / "1.parquet", name=["Ada"], age=[36])
    parquet(buckets / "b" / "2.parquet", name=["Grace"])
    config = bigquery.LoadJobConfig(source_format="PARQUET")
    config.reference_file_schema_uri = "gs://b/1.parquet"
    uris = ["gs://b/1.parquet", "gs://b/2.parquet"]
    client.load_table_from_uri(uris, "d.referred", job_config=config).result()
    rows = client.query_and_wait("SELECT name, age FROM d.referred ORDER BY name")
    assert [tuple(row) for row in rows] == [("Ada", 36), ("Grace", None)]


def test_an_external_table_has_the_columns_of_its_definition_or_reference_file(client, buckets):
    from google.api_core.exceptions import NotFound
    from google.cloud import bigquery

    parquet(buckets / "e" / "1.parquet", name=["Ada"], age=[36])

    def external(name: str, **more: Any) -> list[tuple[str, str]]:
        definition = bigquery.ExternalConfig("PARQUET")
        definition.source_uris = ["gs://e/1.parquet"]
        for key, value in more.items():
            setattr(definition, key, value)
        table = bigquery.Table(f"{PROJECT}.d.{name}")
        table.external_data_configuration = definition
        return [(field.name, field.field_type) for field in client.create_table(table).schema]

    own = [bigquery.SchemaField("own", "STRING")]
    assert external("e_own", schema=own) == [("own", "STRING")]
    found = external("e_file", reference_file_schema_uri="gs://e/1.parquet")
    assert found == [("name", "STRING"), ("age", "INTEGER")]
    with pytest.raises(NotFound, match=r"gs://e/none\.parquet"):
        external("e_none", reference_file_schema_uri="gs://e/none.parquet")


def test_a_function_in_javascript_has_its_libraries(client, buckets):
    from google.api_core.exceptions import NotFound

    (buckets / "js").mkdir()
    text = "// it's one line\nvar step = 2;\nfunction total(xs) { return xs.length * step; }\n"
    (buckets / "js" / "total.js").write_text(text, encoding="utf-8")

    def create(file: str) -> None:
        client.query_and_wait(
            "CREATE OR REPLACE FUNCTION d.total(xs ARRAY<FLOAT64>) RETURNS FLOAT64 LANGUAGE js"
            f" OPTIONS (library = ['gs://js/{file}']) AS 'return total(xs)'"
        )

    create("total.js")
    assert values(client, "SELECT d.total([1.0, 2.0])") == [4.0]
    # Names of the emulator's own, what is no variable of the global scope, a line that fails.
    text = (
        "const step = 2;\nclass One { get two() { return step; } }\nfunction f(x) { return x; }\n"
    )
    (buckets / "js" / "own.js").write_text(text, encoding="utf-8")
    client.query_and_wait(
        "CREATE FUNCTION d.own(x FLOAT64) RETURNS FLOAT64 LANGUAGE js"
        " OPTIONS (library = ['gs://js/own.js']) AS 'return f(x) + new One().two'"
    )
    assert values(client, "SELECT d.own(1.0)") == [3.0]
    client.query_and_wait(
        "CREATE FUNCTION d.fails(x FLOAT64) RETURNS FLOAT64 LANGUAGE js"
        " OPTIONS (library = ['gs://js/own.js']) AS 'return nobody'"
    )
    with pytest.raises(Exception, match=r"nobody is not defined at \S* line 1,"):
        client.query_and_wait("SELECT d.fails(1.0)")
    with pytest.raises(NotFound, match=r"gs://js/none\.js"):
        create("none.js")


def test_the_partitions_of_a_table_are_listed_and_of_no_other(client):
    client.query_and_wait(
        "CREATE TABLE d.parted (day DATE) PARTITION BY day"
        " AS SELECT day FROM UNNEST([DATE '2026-01-01', DATE '2026-02-03']) AS day"
    )
    assert client.list_partitions(f"{PROJECT}.d.parted") == ["20260101", "20260203"]
    client.query_and_wait("CREATE TABLE d.whole (day DATE)")
    with pytest.raises(Exception, match="not partitioned"):
        client.list_partitions(f"{PROJECT}.d.whole")


def test_the_parameters_of_a_type_go_from_ddl_to_rest_and_back(client):
    from google.cloud import bigquery

    kinds = ["NUMERIC(9)", "NUMERIC(9, 2)", "BIGNUMERIC(38)", "BIGNUMERIC(30, 12)", "STRING(3)"]
    columns = [f"c{place} {kind}" for place, kind in enumerate(kinds)]
    columns += ["r STRUCT<v BIGNUMERIC(5, 2)>"]
    client.query_and_wait(f"CREATE TABLE d.typed ({', '.join(columns)})")
    schema = client.get_table("d.typed").schema
    limits = [(field.precision, field.scale, field.max_length) for field in schema]
    assert limits == [
        *((9, None, None), (9, 2, None), (38, None, None), (30, 12, None), (None, None, 3)),
        (None, None, None),
    ]
    assert (schema[-1].fields[0].precision, schema[-1].fields[0].scale) == (5, 2)
    copied = client.create_table(bigquery.Table(f"{PROJECT}.d.typed_again", schema))
    assert copied.schema == schema


def test_the_storage_api_reads_a_table_as_it_was(server, client):
    import grpc
    from google.cloud import bigquery_storage_v1 as storage
    from google.cloud.bigquery_storage_v1.services.big_query_read.transports import (
        BigQueryReadGrpcTransport,
    )

    client.query_and_wait("CREATE TABLE d.grown AS SELECT 1 AS n")
    [moment] = values(client, "SELECT CURRENT_TIMESTAMP()")
    client.query_and_wait("INSERT INTO d.grown VALUES (2), (3)")
    with grpc.insecure_channel(server.storage) as channel:
        reader = storage.BigQueryReadClient(transport=BigQueryReadGrpcTransport(channel=channel))

        def count(restriction: str = "", **modifiers: Any) -> int:
            session = storage.types.ReadSession(
                table=f"projects/{PROJECT}/datasets/d/tables/grown",
                data_format=storage.types.DataFormat.ARROW,
                table_modifiers=storage.types.ReadSession.TableModifiers(**modifiers),
                read_options=storage.types.ReadSession.TableReadOptions(
                    row_restriction=restriction
                ),
            )
            made = reader.create_read_session(parent=f"projects/{PROJECT}", read_session=session)
            return sum(
                page.row_count for one in made.streams for page in reader.read_rows(one.name)
            )

        assert count() == 3
        assert count(snapshot_time=moment) == 1
        assert count("n > 1", snapshot_time=moment) == 0
