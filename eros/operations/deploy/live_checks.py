"""What `eros validate --live` tries on a deployed stack beyond the validation of a deployment.

Nothing is changed. A procedure of a schedule is not called: BigQuery rolls back no transaction
that a procedure has ended itself. What shows that it works is its last run. The others are tried
on rows that do not exist (procedure_trials).
"""

from __future__ import annotations

from collections.abc import Callable

from google.api_core.exceptions import GoogleAPICallError

from bqstack.adopt.written_ddl import written_type
from bqstack.catalogue.sql_objects import Kind
from bqstack.errors import UserError
from bqstack.failures import FAILURES, explained
from eros.cloud import transfers
from eros.operations.deploy import procedure_trials, validation, verification
from eros.operations.deploy.deployment import Finding, Level, Site
from eros.project import schedules
from eros.project.project import Project
from eros.watch import monitor

_CALLED = {Kind.FUNCTION: "SELECT {call}", Kind.TABLE_FUNCTION: "SELECT * FROM {call}"}


def check(site: Site) -> list[Finding]:
    """The validation of a deployment, every function, the procedures that no schedule calls, every
    monitoring query, the verification cases of the sources, the last runs."""
    findings = validation.check(site)
    for name, make in CHECKS:
        try:
            findings += make(site)
        except UserError as error:
            findings.append(Finding(name, Level.FAILED, error.message, error.fix or ""))
        except FAILURES as error:
            findings.append(Finding(name, Level.FAILED, f"cannot be tried: {explained(error)}"))
    return findings


def functions(site: Site) -> Finding:
    """Every function and table function is called with NULLs, by a dry run, which costs nothing."""
    from google.cloud import bigquery

    settings = site.google.settings
    config = bigquery.QueryJobConfig(dry_run=True, use_query_cache=False)
    broken, tried = [], 0
    for item in Project(settings, site.root).sql.routines:
        shape = _CALLED.get(item.kind)
        if shape is None:
            continue
        # An argument of any type takes a NULL of none.
        nulls = [
            f"CAST(NULL AS {written_type(a.type)})" if a.type else "NULL" for a in item.arguments
        ]
        call = f"{settings.dataset_reference}.{item.name}({', '.join(nulls)})"
        tried += 1
        try:
            site.google.bigquery.query(shape.format(call=call), job_config=config)
        except GoogleAPICallError as error:
            broken.append(f"{item.name}: {explained(error)}")
    return _finding("functions", broken, f"all {tried} can be called")


def monitoring(site: Site) -> Finding:
    """Every monitoring query gives an answer."""
    broken = []
    for query in monitor.QUERIES:
        try:
            monitor.ask(site.google, query)
        except (UserError, *FAILURES) as error:
            text = error.message if isinstance(error, UserError) else explained(error)
            broken.append(f"{query.name}: {text}")
    return _finding("monitoring", broken, f"all {len(monitor.QUERIES)} queries are answered")


def runs(site: Site) -> Finding:
    """Every schedule has run well at least once: no procedure is assumed to work on real rows."""
    settings = site.google.settings
    configs = schedules.transfer_configs(settings, site.root)
    waiting = [c.title for c in configs if not transfers.has_succeeded(site.google, c)]
    if not waiting:
        return Finding("runs", Level.OK, f"all {len(configs)} schedules have a run that succeeded")
    fix = "eros run NAME, or wait for its hour; eros monitor etl_job_runs says why one failed"
    return Finding("runs", Level.WARNING, f"no run succeeded yet: {validation.some(waiting)}", fix)


CHECKS: tuple[tuple[str, Callable[[Site], list[Finding]]], ...] = (
    ("functions", lambda site: [functions(site)]),
    ("procedures", lambda site: [procedure_trials.check(site)]),
    ("monitoring", lambda site: [monitoring(site)]),
    ("verification", verification.check),
    ("runs", lambda site: [runs(site)]),
)


def _finding(name: str, broken: list[str], good: str) -> Finding:
    if broken:
        return Finding(name, Level.FAILED, validation.some(broken))
    return Finding(name, Level.OK, good)
