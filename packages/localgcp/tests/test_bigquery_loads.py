"""Rows that come as files and by streaming, read as Google's pages on loading say."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from packages.localgcp.tests.rest_support import PROJECT, emulator

# As in test_job_history: the client and Pulumi's protocol define the same message.
if TYPE_CHECKING:
    from google.cloud import bigquery

pytestmark = pytest.mark.emulator


@pytest.fixture(scope="module")
def client(tmp_path_factory) -> Iterator[bigquery.Client]:
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import bigquery

    with emulator(tmp_path_factory.mktemp("loads")) as url:
        made = bigquery.Client(
            project=PROJECT,
            credentials=AnonymousCredentials(),
            client_options={"api_endpoint": url},
        )
        made.create_dataset("d")
        yield made


def load(client: bigquery.Client, table: str, fields: list[dict[str, Any]], content: bytes) -> None:
    """Load lines of JSON, or of CSV if they are none."""
    from google.cloud import bigquery

    config = bigquery.LoadJobConfig(
        schema=[bigquery.SchemaField.from_api_repr(field) for field in fields],
        source_format="NEWLINE_DELIMITED_JSON" if content.startswith(b"{") else "CSV",
        write_disposition="WRITE_TRUNCATE",
    )
    client.load_table_from_file(io.BytesIO(content), f"d.{table}", job_config=config).result()


def values(client: bigquery.Client, sql: str) -> list[Any]:
    return [row[0] for row in client.query_and_wait(sql)]


@pytest.mark.parametrize("text", ["P7Y11M9DT4H15M37.123S", "7-11 9 4:15:37.123"])
def test_an_interval_is_read_in_both_spellings(client, text):
    from dateutil.relativedelta import relativedelta

    line = json.dumps({"v": text}).encode()
    load(client, "intervals", [{"name": "v", "type": "INTERVAL"}], line)
    [found] = values(client, "SELECT v FROM d.intervals")
    assert found == relativedelta(
        years=7, months=11, days=9, hours=4, minutes=15, seconds=37, microseconds=123000
    )


def test_what_is_no_interval_is_refused(client):
    with pytest.raises(Exception, match="too many errors"):
        load(client, "intervals", [{"name": "v", "type": "INTERVAL"}], b'{"v": "soon"}')


def test_base64_may_be_broken_into_lines(client):
    text = base64.encodebytes(bytes(range(256))).decode()
    assert "\n" in text.strip()
    line = json.dumps({"v": text}).encode()
    load(client, "bytes", [{"name": "v", "type": "BYTES"}], line)
    assert values(client, "SELECT v FROM d.bytes") == [bytes(range(256))]


@pytest.mark.parametrize(
    ("content", "start", "end"),
    [
        (b'"[2020-01-01, 2020-02-01)"', date(2020, 1, 1), date(2020, 2, 1)),
        (b'"[UNBOUNDED, 2020-02-01)"', None, date(2020, 2, 1)),
        (b'{"v": {"start": "2020-01-01", "end": null}}', date(2020, 1, 1), None),
        (b'{"v": "[2020-01-01, NULL)"}', date(2020, 1, 1), None),
    ],
)
def test_a_range_is_read_from_csv_and_json(client, content, start, end):
    field = {"name": "v", "type": "RANGE", "rangeElementType": {"type": "DATE"}}
    load(client, "ranges", [field], content)
    [row] = client.query_and_wait("SELECT RANGE_START(v), RANGE_END(v) FROM d.ranges")
    assert tuple(row) == (start, end)


def test_bytes_of_a_parquet_file_are_bytes(client):
    import pyarrow
    import pyarrow.parquet
    from google.cloud import bigquery

    file = io.BytesIO()
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    pyarrow.parquet.write_table(pyarrow.table({"v": [b"\x00\xff"], "at": [moment]}), file)
    file.seek(0)
    config = bigquery.LoadJobConfig(
        schema=[bigquery.SchemaField("v", "BYTES"), bigquery.SchemaField("at", "TIMESTAMP")],
        source_format="PARQUET",
    )
    client.load_table_from_file(file, "d.parquet", job_config=config).result()
    [row] = client.query_and_wait("SELECT v, at FROM d.parquet")
    assert tuple(row) == (b"\x00\xff", moment)


def test_streamed_bytes_are_bytes_at_any_depth(client):
    from google.cloud import bigquery

    inner = [bigquery.SchemaField("b", "BYTES"), bigquery.SchemaField("n", "INTEGER")]
    schema = [
        bigquery.SchemaField("many", "BYTES", mode="REPEATED"),
        bigquery.SchemaField("one", "RECORD", fields=inner),
        bigquery.SchemaField("rows", "RECORD", mode="REPEATED", fields=inner),
    ]
    table = client.create_table(bigquery.Table(f"{PROJECT}.d.nested", schema))
    packed = base64.b64encode(b"\x00\xff").decode()
    row = {"many": [packed], "one": {"b": packed, "n": 1}, "rows": [{"b": packed, "n": 2}]}
    assert client.insert_rows_json(table, [row, {"many": [], "rows": []}]) == []
    # A bad value within an array is the fault of its row, alone or among others.
    bad = {"many": ["%%%"]}
    for rows in ([bad], [{"rows": []}, bad]):
        errors = client.insert_rows_json(table, rows)
        assert [one["index"] for one in errors] == [len(rows) - 1]
    found = list(client.query_and_wait("SELECT * FROM d.nested ORDER BY one.n DESC"))
    assert dict(found[0]) == {
        "many": [b"\x00\xff"],
        "one": {"b": b"\x00\xff", "n": 1},
        "rows": [{"b": b"\x00\xff", "n": 2}],
    }
    assert found[1]["one"] is None


def test_a_table_without_columns_is_empty(client):
    from google.cloud import bigquery

    table = client.create_table(bigquery.Table(f"{PROJECT}.d.bare"))
    assert list(client.list_rows(table)) == []


def loaded(client: bigquery.Client, table: str, content: bytes, **options: Any) -> bigquery.Table:
    from google.cloud import bigquery

    config = bigquery.LoadJobConfig(**options)
    client.load_table_from_file(io.BytesIO(content), f"d.{table}", job_config=config).result()
    return client.get_table(f"d.{table}")


def parquet(**columns: Any) -> bytes:
    import pyarrow
    import pyarrow.parquet

    file = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(columns), file)
    return file.getvalue()


POINT = "POINT(1 2)"
POINT_WKB = bytes.fromhex("0101000000000000000000F03F0000000000000040")
POINT_JSON = '{"type": "Point", "coordinates": [1, 2]}'


@pytest.mark.parametrize("text", [POINT, POINT_WKB.hex(), POINT_JSON])
def test_a_geography_of_a_text_file_is_wkt_wkb_or_geojson(client, text):
    load(client, "places", [{"name": "v", "type": "GEOGRAPHY"}], json.dumps({"v": text}).encode())
    assert values(client, "SELECT ST_ASTEXT(v) FROM d.places") == [POINT]


@pytest.mark.parametrize("value", [POINT, POINT_WKB.hex(), POINT_JSON, POINT_WKB])
def test_a_geography_of_a_parquet_file_is_bytes_or_text(client, value):
    from google.cloud import bigquery

    schema = [bigquery.SchemaField("v", "GEOGRAPHY")]
    content = parquet(v=[value, None])
    loaded(
        client,
        "places",
        content,
        schema=schema,
        source_format="PARQUET",
        write_disposition="WRITE_TRUNCATE",
    )
    found = values(client, "SELECT ST_ASTEXT(v) FROM d.places ORDER BY v IS NULL")
    assert found == [POINT, None]


def test_what_is_no_geography_is_refused(client):
    with pytest.raises(Exception, match="too many errors"):
        load(client, "places", [{"name": "v", "type": "GEOGRAPHY"}], b'{"v": "there"}')


def test_text_without_a_schema_takes_the_columns_of_its_table(client):
    client.query_and_wait("CREATE OR REPLACE TABLE d.ages (name STRING, age STRING)")
    table = loaded(client, "ages", b"Ada,036\nGrace,085\n")
    assert [(field.name, field.field_type) for field in table.schema] == [
        ("name", "STRING"),
        ("age", "STRING"),
    ]
    assert values(client, "SELECT age FROM d.ages ORDER BY name") == ["036", "085"]


def test_a_table_without_columns_takes_those_of_its_first_load(client):
    from google.cloud import bigquery

    client.create_table(bigquery.Table(f"{PROJECT}.d.unknown"))
    table = loaded(
        client,
        "unknown",
        parquet(n=[1, 2]),
        source_format="PARQUET",
        create_disposition="CREATE_NEVER",
        write_disposition="WRITE_EMPTY",
    )
    assert ([field.name for field in table.schema], table.num_rows) == (["n"], 2)


def test_an_avro_file_is_read(client):
    import fastavro

    file = io.BytesIO()
    fields = [{"name": "name", "type": "string"}, {"name": "nm", "type": ["null", "long"]}]
    schema = {"type": "record", "name": "Color", "fields": fields}
    fastavro.writer(file, schema, [{"name": "blue", "nm": 475}, {"name": "none", "nm": None}])
    loaded(client, "colors", file.getvalue(), source_format="AVRO")
    rows = client.query_and_wait("SELECT name, nm FROM d.colors ORDER BY name")
    assert [tuple(row) for row in rows] == [("blue", 475), ("none", None)]


def test_decimals_of_a_file_become_the_first_type_that_holds_them(client):
    def kind_of(precision: int, scale: int, *targets: str, value: str = "1.5") -> str:
        import pyarrow

        of_value = pyarrow.array([Decimal(value)], pyarrow.decimal128(precision, scale))
        table = loaded(
            client,
            "decimals",
            parquet(v=of_value),
            source_format="PARQUET",
            write_disposition="WRITE_TRUNCATE",
            decimal_target_types=targets,
        )
        assert {Decimal(one) for one in values(client, "SELECT v FROM d.decimals")} == {
            Decimal(value)
        }
        return table.schema[0].field_type

    every = ("STRING", "BIGNUMERIC", "NUMERIC")
    assert kind_of(38, 9, *every) == "NUMERIC"
    assert kind_of(38, 12, *every) == "BIGNUMERIC"
    assert kind_of(38, 12, "NUMERIC", "STRING") == "STRING"
    assert kind_of(38, 12) == "NUMERIC"
    with pytest.raises(Exception, match="out of valid NUMERIC range"):
        kind_of(38, 12, "NUMERIC", value="1.123456789012")


def test_a_streamed_row_has_the_defaults_of_the_columns_that_it_leaves_out(client):
    from google.cloud import bigquery

    schema = [
        bigquery.SchemaField("name", "STRING", default_value_expression="'nobody'"),
        bigquery.SchemaField("age", "INTEGER"),
        bigquery.SchemaField("at", "DATE", default_value_expression="DATE '2026-01-02'"),
    ]
    table = client.create_table(bigquery.Table(f"{PROJECT}.d.defaults", schema))
    rows = [{"name": "Ada"}, {"age": 7}, {"name": None, "age": 8}, {}]
    assert client.insert_rows_json(table, rows) == []
    found = client.query_and_wait("SELECT name, age, at FROM d.defaults ORDER BY age, name")
    day = date(2026, 1, 2)
    assert [tuple(row) for row in found] == [
        ("Ada", None, day),
        ("nobody", None, day),
        ("nobody", 7, day),
        (None, 8, day),
    ]


@pytest.mark.parametrize("content", [b'{"v": 1565357902.017896}', b"1565357902.017896"])
def test_a_time_may_be_seconds_since_1970(client, content):
    load(client, "times", [{"name": "v", "type": "TIMESTAMP"}], content)
    found = values(client, "SELECT v FROM d.times")
    assert found == [datetime(2019, 8, 9, 13, 38, 22, 17896, tzinfo=UTC)]


def test_a_time_may_still_be_a_text_and_nothing_else(client):
    fields = [{"name": "v", "type": "TIMESTAMP"}, {"name": "many", "type": "TIMESTAMP"}]
    fields[1]["mode"] = "REPEATED"
    text = b'{"v": "2026-01-02 03:04:05+01", "many": ["2026-01-02", 5]}'
    load(client, "times", fields, text)
    [row] = client.query_and_wait("SELECT v, many FROM d.times")
    assert tuple(row) == (
        datetime(2026, 1, 2, 2, 4, 5, tzinfo=UTC),
        [datetime(2026, 1, 2, tzinfo=UTC), datetime(1970, 1, 1, 0, 0, 5, tzinfo=UTC)],
    )
    with pytest.raises(Exception, match="too many errors"):
        load(client, "times", fields[:1], b'{"v": "soon"}')
