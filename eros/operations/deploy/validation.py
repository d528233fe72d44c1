"""Whether what was deployed is there and works (docs/deploy.md#the-steps). Nothing is changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from google.api_core.exceptions import BadRequest, GoogleAPICallError, NotFound

from bqstack import catalogue, partition_filter
from bqstack.catalogue.sql_objects import Kind, Table
from bqstack.errors import UserError
from bqstack.failures import FAILURES, explained
from eros.operations.deploy.deployment import Finding, Level, Site
from eros.operations.deploy.external import differences
from eros.project import schedules
from eros.project.project import Project
from eros.watch import monitor
from eros.watch.monitor_query import Query

_SHOWN = 5
# Google's words about a table that requires a partition filter.
_WANTS_FILTER = "without a filter"
# Tables of other systems may hold more columns than are read here.
_EXACT_KINDS = (Kind.TABLE, Kind.LOCAL_TABLE)
# Calls whose result is known: the sample hash of the requirements, that
# the wrapper does what it wraps, that quotes and comment signs are data, the Wilson bounds of
# (50, 50), that samples stay inside their bounds and that a draw gives a row.
SMOKE = Query(
    "smoke calls",
    "functions with known results",
    """
SELECT
    {dataset}.caption_key_v2('test message')
        = '3f0a377ba0a4a460ecb616f6507ce0d8cfa3e704025d4fda3ed0c5ca05468728' AS sample_hash,
    {dataset}.caption_key(text) = {dataset}.caption_key_v2(text) AS keys_agree,
    LENGTH({dataset}.caption_key_v2("'; DROP TABLE captions; -- /*")) = 64 AS text_stays_data,
    ABS({dataset}.wilson_score_bounds(50, 50).lower_bound - 0.4038) < 0.0001 AS lower_bound,
    ABS({dataset}.wilson_score_bounds(50, 50).upper_bound - 0.5962) < 0.0001 AS upper_bound,
    {dataset}.wilson_sample(50, 50) BETWEEN 0.4038 AND 0.5963 AS sample_in_bounds,
    (
        SELECT COUNT(*)
        FROM {dataset}.beta_draws([STRUCT('x' AS arm, 2.0 AS alpha, 3.0 AS beta)], 1)
        WHERE draw BETWEEN 0 AND 1
    ) = 1 AS draw_gives_a_row
FROM (SELECT 'Hey babe!' AS text)
""",
)

Check = Callable[[Site, catalogue.Catalogue], list[Finding]]


def check(site: Site) -> list[Finding]:
    """All checks; one that cannot be made has failed."""
    declared = Project(site.google.settings, site.root).sql
    findings = []
    for name, make in CHECKS:
        try:
            findings += make(site, declared)
        except UserError as error:
            findings.append(Finding(name, Level.FAILED, error.message, error.fix or ""))
        except FAILURES as error:
            findings.append(Finding(name, Level.FAILED, f"cannot be checked: {explained(error)}"))
    return findings


def objects(site: Site, declared: catalogue.Catalogue) -> list[Finding]:
    """Every table, view and routine of the catalogue is in the dataset."""
    settings, client = site.google.settings, site.google.bigquery
    dataset = f"{settings.project}.{settings.dataset}"
    present = {item.table_id for item in client.list_tables(dataset)}
    present |= {item.routine_id for item in client.list_routines(dataset)}
    missing = [item.name for item in declared if item.name not in present]
    if missing:
        return [Finding("objects", Level.FAILED, f"missing: {some(missing)}")]
    return [Finding("objects", Level.OK, f"all {len(declared.objects)} are there")]


def layouts(site: Site, declared: catalogue.Catalogue) -> list[Finding]:
    """Tables have the columns, partitions and clusters that their files declare."""
    settings = site.google.settings
    wrong, seen = [], 0
    for item in declared:
        if not isinstance(item, Table):
            continue
        name = f"{settings.project}.{settings.dataset}.{item.name}"
        try:
            live = site.google.bigquery.get_table(name).to_api_repr()
        except NotFound:
            continue  # The objects say it.
        seen += 1
        wrong += [f"{item.name}: {text}" for text in _layout(item, live)]
    if wrong:
        return [Finding("tables", Level.FAILED, some(wrong))]
    return [Finding("tables", Level.OK, f"{seen} have the layout of their files")]


def _layout(declared: Table, live: dict[str, Any]) -> list[str]:
    fields = live.get("schema", {}).get("fields", [])
    found = differences(declared.schema, fields)
    if declared.kind not in _EXACT_KINDS:
        return found
    known = {column["name"].lower() for column in declared.schema}
    found += [
        f"column {f['name']} is not declared" for f in fields if f["name"].lower() not in known
    ]
    partitioned = (live.get("timePartitioning") or {}).get("field")
    if partitioned != (declared.partitioning or {}).get("field"):
        found.append(f"partitioned by {partitioned}")
    clusters = tuple((live.get("clustering") or {}).get("fields", ()))
    if clusters != declared.clustering:
        found.append(f"clustered by {', '.join(clusters) or 'nothing'}")
    return found


def views(site: Site, declared: catalogue.Catalogue) -> list[Finding]:
    """Every view can be read: a dry run, which costs nothing."""
    broken, seen = [], 0
    for item in declared.views:
        try:
            _read(site, item.name)
            seen += 1
        except GoogleAPICallError as error:
            broken.append(f"{item.name}: {explained(error)}")
    if broken:
        return [Finding("views", Level.FAILED, some(broken))]
    return [Finding("views", Level.OK, f"{seen} can be read")]


def _read(site: Site, view: str) -> None:
    """A dry run over the whole view; raises GoogleAPICallError.

    A view of a table that requires a partition filter leaves the filter to its readers.
    """
    from google.cloud import bigquery

    settings, client = site.google.settings, site.google.bigquery
    config = bigquery.QueryJobConfig(dry_run=True, use_query_cache=False)
    sql = f"SELECT * FROM {settings.dataset_reference}.{view}"
    try:
        client.query(sql, job_config=config)
    except BadRequest as error:
        if _WANTS_FILTER not in str(error):
            raise
        name = f"{settings.project}.{settings.dataset}.{view}"
        columns = [column.to_api_repr() for column in client.get_table(name).schema]
        condition = partition_filter.every_value(columns)
        if condition is None:
            raise
        client.query(f"{sql} AS {partition_filter.ROW} WHERE {condition}", job_config=config)


def routines(site: Site, declared: catalogue.Catalogue) -> list[Finding]:
    """Routines take the arguments that their files declare."""
    settings = site.google.settings
    wrong, seen = [], 0
    for item in declared.routines:
        name = f"{settings.project}.{settings.dataset}.{item.name}"
        try:
            live = site.google.bigquery.get_routine(name)
        except NotFound:
            continue  # The objects say it.
        seen += 1
        got = [argument.name for argument in live.arguments]
        wanted = [argument.name for argument in item.arguments]
        if got != wanted:
            wrong.append(f"{item.name} takes ({', '.join(got)}), not ({', '.join(wanted)})")
    if wrong:
        return [Finding("routines", Level.FAILED, some(wrong))]
    return [Finding("routines", Level.OK, f"{seen} take their arguments")]


def smoke(site: Site, declared: catalogue.Catalogue) -> list[Finding]:
    """Functions return the known results."""
    del declared
    (row,) = monitor.ask(site.google, SMOKE).records()
    wrong = [name.replace("_", " ") for name, right in row.items() if not right]
    if wrong:
        return [Finding("smoke calls", Level.FAILED, f"wrong: {', '.join(wrong)}")]
    return [Finding("smoke calls", Level.OK, f"{len(row)} return the known results")]


def scheduled_queries(site: Site, declared: catalogue.Catalogue) -> list[Finding]:
    """Every schedule is deployed once, and none is paused that should run."""
    del declared
    settings = site.google.settings
    parent = f"projects/{settings.project}/locations/{settings.location}"
    live = list(site.google.transfers.list_transfer_configs(parent=parent))
    wanted = schedules.transfer_configs(settings, site.root)
    wrong = []
    for config in wanted:
        same = [
            other
            for other in live
            if other.display_name == config.title
            and dict(other.params).get("query") == config.query
        ]
        if len(same) != 1:
            wrong.append(f"{config.title} is deployed {len(same)} times")
        elif same[0].disabled and not settings.schedules_paused:
            wrong.append(f"{config.title} is paused")
    if wrong:
        return [Finding("schedules", Level.FAILED, some(wrong))]
    return [Finding("schedules", Level.OK, f"{len(wanted)} are deployed")]


def data(site: Site, declared: catalogue.Catalogue) -> list[Finding]:
    """Corruption and violations; the comparison with the baseline judges what is new."""
    del declared
    findings = []
    for view, title, query in (
        ("corrupt_statistics", "corrupt rows", "corruption"),
        ("integrity_violations", "integrity violations", "integrity_violations"),
    ):
        count = Query(view, title, f"SELECT COUNT(*) AS found FROM {{dataset}}.{view}")
        ((found,),) = monitor.ask(site.google, count).rows
        level, fix = (Level.WARNING, f"eros monitor {query}") if found else (Level.OK, "")
        findings.append(Finding("data", level, f"{found} {title}", fix))
    return findings


def some(texts: list[str]) -> str:
    """The first few, and how many are left."""
    more = f" and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return "; ".join(texts[:_SHOWN]) + more


CHECKS: tuple[tuple[str, Check], ...] = (
    ("objects", objects),
    ("tables", layouts),
    ("routines", routines),
    ("views", views),
    ("smoke calls", smoke),
    ("schedules", scheduled_queries),
    ("data", data),
)
