"""The schedule builder's client and its example, killed after each of its calls."""

from __future__ import annotations

import datetime as dt
import os
import re
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
from google.api_core.exceptions import BadRequest

from eros.project.settings import PROJECT_ROOT
from erosbuilder import Builder, ClaimLost
from tests.sql.conftest import Build, Warehouse

pytestmark = [pytest.mark.sql, pytest.mark.emulator]

EXAMPLE = PROJECT_ROOT / "packages/erosbuilder/examples/builder.py"
# Claim, held captions, selection, schedule, export log, finish.
CALLS = 6
WANTED = 10
# Runs the example and ends the process, as `kill -9` does, once call number argv[1] is done.
KILLED = """
import os, runpy, sys
from google.cloud import bigquery

left, original = int(sys.argv.pop(1)), bigquery.Client.query

def query(*arguments, **options):
    global left
    job = original(*arguments, **options)
    left -= 1
    if left == 0:
        job.result()
        os._exit(9)
    return job

bigquery.Client.query = query
sys.argv.pop(0)
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture(scope="module")
def warehouse(build: Build) -> Warehouse:
    return build(
        "builder",
        only=[
            "claim_schedule_request",
            "held_captions",
            "select_captions_for_creator",
            "finish_claimed_request",
            "release_schedule_requests",
            "schedule_export_log",
            "schedule_recommendations",
        ],
        automation={"small_daily_target": 50},
    )


@pytest.fixture(autouse=True)
def _empty(warehouse: Warehouse) -> None:
    warehouse.clear()


@pytest.fixture
def builder(warehouse: Warehouse) -> Builder:
    return Builder(warehouse.client, warehouse.settings.dataset, "builder-1")


def today(warehouse: Warehouse) -> dt.date:
    return warehouse.value(f"SELECT CURRENT_DATE('{warehouse.settings.time_zone}')")


def fill(warehouse: Warehouse, pages: list[str]) -> None:
    """Pages with thirty captions each, and a request of today for each."""
    values = ", ".join(repr(page) for page in pages)
    warehouse.run(
        f"""
        INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
        SELECT FORMAT('c%02d', n), page, FORMAT('text %d', n), TRUE, CURRENT_TIMESTAMP()
        FROM UNNEST([{values}]) AS page
        CROSS JOIN UNNEST(GENERATE_ARRAY(1, 30)) AS n;
        INSERT INTO schedule_generation_queue (
            page_name, execution_date, status, created_at, attempts
        )
        SELECT page, CURRENT_DATE('{warehouse.settings.time_zone}'), 'PENDING',
            CURRENT_TIMESTAMP(), 0
        FROM UNNEST([{values}]) AS page;
        """
    )


def run(warehouse: Warehouse, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The example as a process of its own, against the local BigQuery."""
    address = urlsplit(warehouse.client._connection.API_BASE_URL)
    return subprocess.run(
        [sys.executable, *arguments, warehouse.settings.project, warehouse.settings.dataset, "b"],
        env=os.environ | {"BIGQUERY_EMULATOR_HOST": f"{address.scheme}://{address.netloc}"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_builder_killed_after_any_call_is_taken_over_without_loss_or_double(warehouse):
    pages = [f"page{n}" for n in range(CALLS + 1)]
    fill(warehouse, pages)
    for call in range(1, CALLS + 1):
        ended = run(warehouse, "-c", KILLED, str(call), str(EXAMPLE))
        assert ended.returncode == 9, ended.stderr
    counts = "SELECT COUNTIF(status = '{}') FROM schedule_generation_queue"
    assert warehouse.value(counts.format("PROCESSING")) == CALLS - 1
    assert warehouse.value(counts.format("COMPLETED")) == 1, "the last was killed after its end"
    # The leases end, and the sweep of the queue gives the requests back.
    warehouse.run(
        "UPDATE schedule_generation_queue"
        " SET claimed_at = TIMESTAMP_SUB(claimed_at, INTERVAL 1 DAY) WHERE status = 'PROCESSING';"
        "CALL release_schedule_requests();"
    )
    ended = run(warehouse, str(EXAMPLE))
    assert ended.returncode == 0, ended.stderr
    assert len(ended.stdout.splitlines()) == CALLS
    assert warehouse.value(counts.format("COMPLETED")) == len(pages)
    for table in ("active_caption_assignments", "schedule_recommendations"):
        rows = warehouse.run(
            f"SELECT page_name, COUNT(*) AS n, COUNT(DISTINCT caption_id) AS captions FROM {table}"
            " GROUP BY page_name"
        )
        assert {row["page_name"]: (row["n"], row["captions"]) for row in rows} == dict.fromkeys(
            pages, (WANTED, WANTED)
        )
    logged = warehouse.run(
        "SELECT page_name, MIN(row_count) AS n FROM schedule_export_log WHERE status = 'SUCCESS'"
        " GROUP BY page_name"
    )
    assert {row["page_name"]: row["n"] for row in logged} == dict.fromkeys(pages, WANTED)


def test_what_was_given_before_comes_first_and_the_day_is_not_exceeded(warehouse, builder):
    fill(warehouse, ["anna"])
    day = today(warehouse) + dt.timedelta(days=1)
    request = builder.claim()
    first = request.captions(day, 4, seed=1)
    assert [c.caption_text for c in first] == [f"text {int(c.caption_id[1:])}" for c in first]
    again = request.captions(day, 10)
    assert {c.assignment_id for c in first} < {c.assignment_id for c in again}
    assert len({c.caption_id for c in again}) == 10
    assert request.captions(day, 3) == request.held(day)[:3], "what is held is enough"


def test_an_empty_queue_gives_nothing(builder):
    assert builder.claim() is None
    with builder.request() as request:
        assert request is None


def test_an_error_gives_the_request_back_with_its_text_and_is_raised(warehouse, builder):
    fill(warehouse, ["anna"])

    def build() -> None:
        with builder.request() as request:
            assert request is not None
            raise RuntimeError("no space\nleft")

    for attempt in range(1, 4):
        with pytest.raises(RuntimeError, match="no space"):
            build()
        [row] = warehouse.run("SELECT * FROM schedule_generation_queue")
        assert row["attempts"] == attempt
        assert row["error_message"] == "RuntimeError: no space left"
    assert row["status"] == "FAILED", "after the last attempt"
    assert builder.claim() is None


def test_a_failure_with_a_date_stands_in_the_export_log(warehouse, builder):
    fill(warehouse, ["anna"])
    builder.claim().fail("the sheet is gone", today(warehouse))
    [row] = warehouse.run("SELECT * FROM schedule_export_log")
    assert (row["status"], row["error_message"]) == ("FAILED", "the sheet is gone")


def test_a_claim_that_ended_is_reported_and_changes_nothing(warehouse, builder):
    fill(warehouse, ["anna"])
    request = builder.claim()
    warehouse.run(
        "UPDATE schedule_generation_queue SET claimed_by = 'other',"
        " claimed_at = CURRENT_TIMESTAMP() WHERE TRUE"
    )
    with pytest.raises(ClaimLost, match=r"'anna'.*'builder-1'"):
        request.finish()
    with pytest.raises(ClaimLost):
        request.fail("late")
    assert warehouse.value("SELECT status FROM schedule_generation_queue") == "PROCESSING"


def test_calls_repeated_after_a_lost_answer_change_nothing(warehouse, builder):
    fill(warehouse, ["anna"])
    request = builder.claim()
    for _ in range(2):
        request.exported(today(warehouse), 7, "gs://bucket/anna.csv")
    for _ in range(2):
        request.finish()
    [row] = warehouse.run("SELECT * FROM schedule_export_log")
    assert (row["page_name"], row["row_count"]) == ("anna", 7)
    assert row["destination"] == "gs://bucket/anna.csv"
    assert row["execution_time_seconds"] >= 0


def test_names_are_values_and_never_sql(warehouse):
    name = "o'brien\"; DROP TABLE schedule_generation_queue; --"
    fill(warehouse, ["anna"])
    builder = Builder(warehouse.client, warehouse.settings.dataset, name)
    request = builder.claim(today(warehouse))
    assert warehouse.value("SELECT claimed_by FROM schedule_generation_queue") == name
    request.finish()


def test_a_bad_argument_is_an_error_that_says_so(warehouse, builder):
    fill(warehouse, ["anna"])
    request = builder.claim()
    with pytest.raises(ValueError, match="count must be 1 or more, but is 0"):
        request.captions(today(warehouse), 0)
    with pytest.raises(BadRequest, match=re.escape("num_captions must be 1 to")):
        request.captions(today(warehouse), 10_000)
    with pytest.raises(ValueError, match=re.escape("dataset must be a name, or project.dataset")):
        Builder(warehouse.client, "a.b.c", "x")
    with pytest.raises(ValueError, match="name must say who"):
        Builder(warehouse.client, "d", " ")


@pytest.mark.parametrize("length", [10, 60_000])
def test_a_selection_returns_the_texts_however_long_they_are(warehouse, length):
    """A variable holds a megabyte; four texts of the longer kind do not stay in one."""
    fill(warehouse, ["p"])
    warehouse.run(
        f"UPDATE caption_bank SET caption_text = CONCAT(caption_id, REPEAT('x', {length}))"
        " WHERE TRUE"
    )
    rows = warehouse.run(f"CALL select_captions_for_creator('p', DATE '{today(warehouse)}', 4, 1)")
    assert [row["position"] for row in rows] == [1, 2, 3, 4]
    for row in rows:
        assert row["caption_text"] == row["caption_id"] + "x" * length
