"""What is checked after a deployment."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from google.api_core.exceptions import BadRequest
from google.cloud import bigquery

from eros.operations.deploy import Finding, Level, validation


class _Client:
    """A dataset with one view, over a table that requires a filter on its column `day`."""

    def __init__(self, *columns: bigquery.SchemaField) -> None:
        self.columns = columns
        self.queries: list[str] = []

    def query(self, sql: str, job_config: bigquery.QueryJobConfig) -> None:
        assert job_config.dry_run
        self.queries.append(sql)
        if "`day` >=" not in sql:
            raise BadRequest(
                "Cannot query over table 'p.d.t' without a filter over column(s) 'day' that can be"
                " used for partition elimination"
            )

    def get_table(self, name: str) -> SimpleNamespace:
        assert name == "p.d.v"
        return SimpleNamespace(schema=self.columns)


def _checked(client: _Client) -> list[Finding]:
    settings = SimpleNamespace(project="p", dataset="d", dataset_reference="`p`.`d`")
    site = SimpleNamespace(google=SimpleNamespace(settings=settings, bigquery=client))
    declared = SimpleNamespace(views=[SimpleNamespace(name="v")])
    return validation.views(site, declared)  # type: ignore[arg-type]


def test_a_view_that_leaves_the_partition_filter_to_its_readers_can_be_read():
    client = _Client(
        bigquery.SchemaField("day", "DATE"),
        bigquery.SchemaField("names", "STRING", mode="REPEATED"),
        bigquery.SchemaField("amount", "INTEGER"),
    )
    [finding] = _checked(client)
    assert finding.level is Level.OK
    assert "(each_row.`day` IS NULL OR each_row.`day` >= DATE '0001-01-01')" in client.queries[-1]
    least = "(each_row.`amount` IS NULL OR each_row.`amount` >= (-9223372036854775807 - 1))"
    assert least in client.queries[-1]


@pytest.mark.parametrize("columns", [[], [bigquery.SchemaField("amount", "INTEGER")]])
def test_a_view_that_nobody_can_read_is_named_with_the_reason(columns):
    [finding] = _checked(_Client(*columns))
    assert finding.level is Level.FAILED
    assert "v: " in finding.text
    assert "without a filter over column(s) 'day'" in finding.text
