"""Rules that our SQL keeps so that it stays right and cheap for years."""

from __future__ import annotations

import re
from functools import cache

import pytest

from bqstack.catalogue import Catalogue
from eros.project.project import Project
from eros.project.stack_file import load_stack_file


@cache
def catalogue() -> Catalogue:
    return Project(load_stack_file("prod")).sql


def test_one_page_is_a_plain_equality():
    """BigQuery prunes clusters by `page_name = x`, and not where the page may be NULL for all.

    https://cloud.google.com/bigquery/docs/querying-clustered-tables
    """
    either = re.compile(r"\b\w*page\w* IS NULL OR\b|OR \w*page\w* IS NULL\b", re.IGNORECASE)
    assert [one.name for one in catalogue() if either.search(one.sql)] == []


def test_every_log_and_the_results_ask_for_their_partitions():
    days = load_stack_file("prod").retention.log_days
    asked = {one.name for one in catalogue().tables if one.require_partition_filter}
    logs = {one.name for one in catalogue().tables if one.partition_expiration_days == days}
    # Kept as long, but no logs: they are looked up by page and by state.
    assert logs - asked == {"caption_bandit_stats", "schedule_generation_queue"}
    assert "message_feedback" in asked


def test_a_temporary_table_of_a_procedure_cannot_be_one_of_its_caller():
    """It lives in the script that calls: `picked` of a builder would be replaced."""
    found = [
        (name.casefold(), one.name)
        for one in catalogue()
        for name in re.findall(r"\bTEMP(?:ORARY)? TABLE (?:IF NOT EXISTS )?(\w+)", one.sql)
    ]
    assert len(found) > 5
    prefixes = ("selection_", "feedback_", "daily_", "class_")
    assert [pair for pair in found if not pair[0].startswith(prefixes)] == []
    makers: dict[str, set[str]] = {}
    for table, procedure in found:
        makers.setdefault(table.partition("_")[0], set()).add(procedure)
    assert all(len(procedures) == 1 for procedures in makers.values()), makers


def test_only_what_meets_nobody_is_a_transaction():
    """BigQuery aborts a transaction that meets another statement on a table, and queues DML.

    https://cloud.google.com/bigquery/docs/transactions#transaction_concurrency
    """
    bodies = {one.name: one.sql for one in catalogue() if "BEGIN TRANSACTION;" in one.sql}
    written = {
        name: set(re.findall(r"(?:INSERT INTO|DELETE FROM|UPDATE|MERGE INTO) \S+`\.(\w+)", part))
        for name, sql in bodies.items()
        for part in [sql.partition("BEGIN TRANSACTION;")[2].partition("COMMIT TRANSACTION;")[0]]
    }
    assert written == {
        "count_message_results": {"message_feedback", "caption_bandit_stats"},
        "evaluate_alerts": {"alert_states", "alert_events"},
    }


def test_locks_of_pages_and_of_jobs_and_states_of_alerts_share_no_table():
    writers: dict[str, set[str]] = {
        "automation_locks": set(),
        "page_locks": set(),
        "alert_states": set(),
    }
    for one in catalogue():
        for table in re.findall(r"(?:INSERT INTO|DELETE FROM|UPDATE) \S+`\.(\w+)", one.sql):
            if table in writers:
                writers[table].add(one.name)
    assert writers == {
        "automation_locks": {"ensure_lock", "release_lock", "start_job_run", "take_lock"},
        "page_locks": {"release_page_lock", "take_page_lock"},
        "alert_states": {"acknowledge_alert", "evaluate_alerts"},
    }
    assert catalogue().objects["page_locks"].partitioning


def test_totals_of_days_expire_by_their_own_partitions():
    """Without, each partition that expires below it has BigQuery build all of it again.

    https://cloud.google.com/bigquery/docs/materialized-views-create#partition_expiration
    """
    assert "PARTITION BY DATE(sent_day)" in catalogue().objects["page_day_totals"].sql


@pytest.mark.parametrize("name", ["account_size", "analyze_creator_performance"])
def test_what_is_said_of_one_page_reads_that_page(name):
    sql = catalogue().objects[name].sql
    reads = re.findall(r"FROM \S+\.(?:mass_messages|caption_bank|caption_bandit_stats)\b", sql)
    assert 0 < len(reads) <= sql.count("page_name = for_page")
