"""Where a job runs: where its datasets are.

local-bigquery 0.4.0 runs every job in US. On Google the location is the one that the request names,
else that of the datasets that it reads or writes; a dataset of another location is not found, and
neither is a job that is asked for in another one.
https://cloud.google.com/bigquery/docs/locations#specify_locations
https://cloud.google.com/bigquery/docs/managing-tables#copy_tables_across_regions
https://cloud.google.com/bigquery/docs/reference/rest/v2/jobs/get
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from fastapi import Depends
from local_bigquery.api import jobs as api
from local_bigquery.api import uploads
from local_bigquery.catalog import metadata, tables
from local_bigquery.errors import BigQueryError, not_found
from local_bigquery.jobs import merge, query, runner, store
from local_bigquery.models import Dataset, Job, JobConfiguration, QueryRequest
from local_bigquery.sql import script
from local_bigquery.sql.dialect import BigQueryDialect
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import TokenType

from localgcp.bigquery import routes

_DEFAULT = "US"
_MULTI_REGIONS = ("US", "EU")
# Words that name datasets; a name in backticks may have the project and the table in it.
_NAMES = (TokenType.VAR, TokenType.IDENTIFIER)
_BEFORE_A_DATASET = ("SCHEMA", "EXISTS")
_BEFORE_A_STATEMENT = ("BEGIN", "CALL", "EXECUTE", "IMMEDIATE")
_JOB = "/projects/{project_id}/jobs/{job_id}"
_RESULTS = "/projects/{project_id}/queries/{job_id}"

_asked: ContextVar[str | None] = ContextVar("asked", default=None)
# None outside of a job, as when a view is made by REST: that has no location of its own.
_location: ContextVar[str | None] = ContextVar("location", default=None)


def install() -> None:
    """Give each job its location and look at those of its datasets; after all other limits."""
    runner.submit = _located(runner.submit)
    runner._job = _job(runner._job)
    runner._handle = _handling(runner._handle)
    for module in (query, merge, script):
        module.translate = _translating(module.translate)
    uploads._start = _starting(uploads._start)
    api.with_rows = _answering(api.with_rows)
    routes.add("POST", "/projects/{project_id}/jobs", _insert)
    routes.add("POST", "/projects/{project_id}/queries", _query)
    found = [Depends(_found)]
    routes.add("GET", _JOB, api.get_job, found)
    routes.add("POST", f"{_JOB}/cancel", api.cancel_job, found)
    routes.add("DELETE", f"{_JOB}/delete", api.delete_job, found)
    routes.add("GET", _RESULTS, api.get_query_results, found)


# Requests ---------------------------------------------------------------------------------


@contextmanager
def _asking(location: str | None) -> Iterator[None]:
    token = _asked.set(location)
    try:
        yield
    finally:
        _asked.reset(token)


def _insert(project_id: str, body: Job) -> Job:
    with _asking(body.jobReference and body.jobReference.location):
        return api.insert_job(project_id, body)


def _query(project_id: str, body: QueryRequest) -> Any:
    with _asking(body.location):
        return api.run_query(project_id, body)


def _starting(start: Callable[..., Any]) -> Callable[..., Any]:
    def started(project_id: str, body: Job, upload: str) -> Any:
        with _asking(body.jobReference and body.jobReference.location):
            return start(project_id, body, upload)

    return started


def _found(project_id: str, job_id: str, location: str | None = None) -> None:
    """Refuse a request for a job that is somewhere else."""
    job = store.load(project_id, job_id)
    if job is None:
        return
    own = job.jobReference.location or _DEFAULT
    if _normal(location) != own if location else own not in _MULTI_REGIONS:
        raise not_found("Job", f"{project_id}:{_normal(location) or _DEFAULT}.{job_id}")


def _answering(with_rows: Callable[..., Any]) -> Callable[..., Any]:
    def answered(payload: dict[str, Any], rows: list[str]) -> Any:
        if "location" in payload:
            payload = payload | {"location": payload["jobReference"].location}
        return with_rows(payload, rows)

    return answered


# Jobs -------------------------------------------------------------------------------------


def _located(submit: Callable[..., Job]) -> Callable[..., Job]:
    def submitted(project_id: str, job_id: str, configuration: JobConfiguration, *rest: Any) -> Job:
        location = _normal(_asked.get()) or _inferred(project_id, configuration)
        # The thread that runs the job gets a copy of this context.
        token = _location.set(location)
        try:
            return submit(project_id, job_id, configuration, *rest)
        finally:
            _location.reset(token)

    return submitted


def _job(make: Callable[..., Job]) -> Callable[..., Job]:
    def made(project_id: str, job_id: str | None, configuration: JobConfiguration) -> Job:
        job, location = make(project_id, job_id, configuration), _location.get() or _DEFAULT
        if location == _DEFAULT:
            return job
        path = f"/bigquery/v2/projects/{project_id}/jobs/{job_id}?location={location}"
        return job.replace(
            id=f"{project_id}:{location}.{job_id}",
            selfLink=path,
            jobReference=job.jobReference.dump() | {"location": location},
        )

    return made


def _normal(location: str | None) -> str:
    """As BigQuery spells it; empty for none."""
    upper = (location or "").upper()
    return upper if upper in _MULTI_REGIONS else (location or "").lower()


def _inferred(project_id: str, configuration: JobConfiguration) -> str:
    """The location of a job whose request names none."""
    elsewhere = {
        one.datasetReference.datasetId: _normal(one.location)
        for one in metadata.list_(Dataset, project_id)
        if _normal(one.location) not in ("", _DEFAULT)
    }
    if not elsewhere:
        return _DEFAULT
    named = (elsewhere[name] for name in _named(configuration) if name in elsewhere)
    return next(named, _DEFAULT)


def _named(configuration: JobConfiguration) -> Iterator[str]:
    """Datasets that a job may read or write."""
    for _, dataset, _ in _tables(configuration):
        yield dataset
    if (config := configuration.query) is None:
        return
    if config.defaultDataset and config.defaultDataset.datasetId:
        yield config.defaultDataset.datasetId
    yield from _words(config.query or "")


def _words(sql: str) -> Iterator[str]:
    """Words of a text that can be names of datasets: a dot follows, or they stand behind SCHEMA."""
    try:
        tokens = BigQueryDialect().tokenize(sql)
    except SqlglotError:
        return
    for place, token in enumerate(tokens):
        before = tokens[place - 1].text.upper() if place else ""
        if token.token_type in _NAMES:
            follows = place + 1 < len(tokens) and tokens[place + 1].token_type == TokenType.DOT
            if follows or "." in token.text or before in _BEFORE_A_DATASET:
                yield from token.text.split(".")
        elif token.token_type == TokenType.STRING and before in _BEFORE_A_STATEMENT:
            # The tokenizer leaves what follows these words as one text.
            yield from _words(token.text)


def _tables(configuration: JobConfiguration) -> list[tuple[str, str, str]]:
    """Tables that the configuration names outside of SQL."""
    given = [
        configuration.query and configuration.query.destinationTable,
        configuration.load and configuration.load.destinationTable,
        configuration.extract and configuration.extract.sourceTable,
    ]
    if configuration.copy_:
        # A copy may come from another region; it runs where it goes to.
        given.append(configuration.copy_.destinationTable)
    return [tables.reference(one) for one in given if one]


def _handling(handle: Callable[..., Any]) -> Callable[..., Any]:
    def handled(job: Job, *rest: Any) -> Any:
        check(_tables(job.configuration))
        return handle(job, *rest)

    return handled


def _translating(translate: Callable[..., Any]) -> Callable[..., Any]:
    """Every statement and expression passes here before it runs."""

    def translated(tree: exp.Expr, context: Any) -> Any:
        result = translate(tree, context)
        check(context.referenced)
        return result

    return translated


def check(referenced: Iterable[tuple[str, str, str]]) -> None:
    """Refuse a dataset that is not where the job of this context runs."""
    location = _location.get()
    if location is None:
        return
    for project, dataset in dict.fromkeys(path[:2] for path in referenced):
        stored = metadata.load(Dataset, project, dataset)
        if stored is not None and _normal(stored.location) not in ("", location):
            raise BigQueryError(
                "notFound",
                f"Not found: Dataset {project}:{dataset} was not found in location {location}",
            )
