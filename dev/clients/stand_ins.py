"""Stand-ins for what Google's suites read of Google's: public data sets, and the bucket of samples.

The names, the columns that the suites use and the number of shakespeare's rows are Google's
(https://cloud.google.com/bigquery/public-data); the rows are made here and say nothing. A test that
looks at what is in them fails, and docs/fidelity.md names it.
"""

from __future__ import annotations

import io
from pathlib import Path

import fastavro
import pyarrow
import pyarrow.parquet
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from localgcp.servers import PROJECT

_PUBLIC = "bigquery-public-data"
_SAMPLES = "cloud-samples-data/bigquery"
# The columns of three files of one series; each later file lacks one.
_TWEETS = {
    "a": ("username", "tweet", "timestamp", "likes"),
    "b": ("username", "tweet", "timestamp"),
    "c": ("username", "tweet"),
}
_LARGEST = """function maxValue(values) {
  return Math.max.apply(null, values);
}
"""
_TABLES = {
    "ethereum_blockchain.blocks": """(timestamp TIMESTAMP, number INT64)
        PARTITION BY DATE(timestamp) AS
        SELECT TIMESTAMP(day), place FROM UNNEST(
            GENERATE_DATE_ARRAY('2015-07-30', '2018-12-31')) AS day WITH OFFSET AS place""",
    "hacker_news.full": """AS
        SELECT
            n AS id, FORMAT('user%d', MOD(n, 1000)) AS `by`, MOD(n, 50) = 0 AS dead,
            TIMESTAMP_SECONDS(1160418111 + n * 60) AS timestamp
        FROM UNNEST(GENERATE_ARRAY(1, 100000)) AS n""",
    "new_york_citibike.citibike_stations": """AS
        SELECT
            FORMAT('%d', n) AS station_id, FORMAT('Station %d', n) AS name,
            40.6 + n / 10000 AS latitude, -74.0 + n / 10000 AS longitude,
            MOD(n, 30) AS num_bikes_available
        FROM UNNEST(GENERATE_ARRAY(1, 1000)) AS n""",
    "samples.natality": """AS
        SELECT
            1969 + MOD(n, 40) AS source_year, 1969 + MOD(n, 40) AS year, MOD(n, 2) = 0 AS is_male,
            FORMAT('S%d', MOD(n, 50)) AS state
        FROM UNNEST(GENERATE_ARRAY(1, 10000)) AS n""",
    "samples.shakespeare": """(
            word STRING NOT NULL, word_count INT64 NOT NULL, corpus STRING NOT NULL,
            corpus_date INT64 NOT NULL
        ) AS
        SELECT FORMAT('word%d', n), MOD(n, 100), FORMAT('corpus%d', MOD(n, 42)), 1590 + MOD(n, 25)
        FROM UNNEST(GENERATE_ARRAY(1, 164656)) AS n""",
    "stackoverflow.posts_questions": """AS
        SELECT n AS id, MOD(n * 7919, 100000) AS view_count, 'google-bigquery|sql' AS tags
        FROM UNNEST(GENERATE_ARRAY(1, 1000)) AS n""",
    "usa_names.usa_1910_2013": """AS
        SELECT
            FORMAT('S%d', MOD(n, 50)) AS state, IF(MOD(n, 2) = 0, 'F', 'M') AS gender,
            1910 + MOD(n, 104) AS year, FORMAT('Name%d', MOD(n, 300)) AS name, n AS number
        FROM UNNEST(GENERATE_ARRAY(1, 10000)) AS n""",
    "utility_us.country_code_iso": """AS
        SELECT FORMAT('Country %d', n) AS country_name
        FROM UNNEST(GENERATE_ARRAY(1, 249)) AS n""",
}


def make(rest: str, buckets: Path) -> None:
    """Make the tables on the local BigQuery at `rest`, and the files below `buckets`."""
    client = bigquery.Client(_PUBLIC, AnonymousCredentials(), client_options={"api_endpoint": rest})
    for dataset in sorted({name.partition(".")[0] for name in _TABLES}):
        client.create_dataset(dataset)
    for name, definition in _TABLES.items():
        client.query_and_wait(f"CREATE TABLE `{_PUBLIC}.{name}` {definition}")
    # The storage client's suite expects it in the project that it runs in.
    client.query_and_wait(f"CREATE SCHEMA `{PROJECT}`.public_samples_copy")
    client.query_and_wait(
        f"CREATE TABLE `{PROJECT}`.public_samples_copy.shakespeare"
        f" AS SELECT * FROM `{_PUBLIC}`.samples.shakespeare"
    )
    folder = buckets / _SAMPLES / "federated-formats-reference-file-schema"
    folder.mkdir(parents=True)
    for letter, columns in _TWEETS.items():
        (folder / f"{letter}-twitter.avro").write_bytes(_avro(columns))
        (folder / f"{letter}-twitter.parquet").write_bytes(_parquet(columns))
    functions = buckets / _SAMPLES / "udfs"
    functions.mkdir()
    (functions / "max-value.js").write_text(_LARGEST, encoding="utf-8")


def _row(columns: tuple[str, ...]) -> dict[str, str | int]:
    return {name: 3 if name == "likes" else f"a {name}" for name in columns}


def _avro(columns: tuple[str, ...]) -> bytes:
    fields = [
        {"name": name, "type": ["null", "long" if name == "likes" else "string"]}
        for name in columns
    ]
    file = io.BytesIO()
    schema = {"type": "record", "name": "Tweet", "fields": fields}
    fastavro.writer(file, fastavro.parse_schema(schema), [_row(columns)])
    return file.getvalue()


def _parquet(columns: tuple[str, ...]) -> bytes:
    file = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist([_row(columns)]), file)
    return file.getvalue()
