"""Jobs for the statements of a script, as BigQuery has them.

local-bigquery 0.4.0 gives every statement of a script a copy of the script's own job, made
when the script has succeeded. Here each has its own text, times, labels and outcome, from the
moment that it ends, also in a script that fails or still runs: what INFORMATION_SCHEMA.JOBS and
the audit log show on Google. So has an expression of a DECLARE, SET or condition that reads a table
(https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#ScriptStatistics, evaluationKind).

`CALL BQ.JOBS.CANCEL('[project_id.]job_id')` cancels a job
(https://cloud.google.com/bigquery/docs/reference/system-procedures#bqjobscancel).

A handler that catches an error of its own still tells the first one by RAISE, as on Google.

`SET @@query_label = <expression>` labels the statements after it. Google's rules for labels
apply (https://cloud.google.com/bigquery/docs/labels-intro#requirements).
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlglot
from local_bigquery.catalog import metadata, routines
from local_bigquery.errors import BigQueryError, from_exception
from local_bigquery.jobs import query, runner, store
from local_bigquery.models import Job, JobStatistics, JobStatistics2
from local_bigquery.sql import script
from local_bigquery.sql.dialect import BigQueryDialect
from local_bigquery.sql.rules import parameters
from sqlglot import exp

from localgcp.bigquery import transaction_info

_LONGEST_LABEL = 63
_MOST_LABELS = 64
# System variables that a handler reads.
_ERROR = "error."
_TRANSACTION = {
    exp.Transaction: "BEGIN_TRANSACTION",
    exp.Commit: "COMMIT_TRANSACTION",
    exp.Rollback: "ROLLBACK_TRANSACTION",
}


@dataclass(frozen=True)
class _Statement:
    """A statement that has ended; times in milliseconds since 1970."""

    text: str
    labels: dict[str, str]
    start: str
    end: str
    statistics: JobStatistics2
    error: BigQueryError | None = None


@dataclass
class _Script:
    """What is noted while a query job runs; `is_script` says whether it has statements."""

    job: Job
    is_script: bool = False
    statements: int = 0

    def note(self, statement: _Statement) -> None:
        """Give a statement that has ended a job of its own."""
        if self.is_script:
            store.save(_job_of(self.job, self.statements, statement))
            self.statements += 1


_current: ContextVar[_Script | None] = ContextVar("script", default=None)
_run_query = runner._query


def install(finished: Path | None = None) -> None:
    """Put these jobs in place of local-bigquery's; touch the file `finished` after each job."""
    script.Interpreter = _Interpreter
    query.execute = _without_children(query.execute)
    runner._query = _query
    routines.save = _unquoted(routines.save)
    if finished is not None:
        runner._execute = _touching(runner._execute, finished)


def _unquoted(save: Callable[..., Any]) -> Callable[..., Any]:
    """`routines.save`: an argument that is written in backticks has its name without them."""

    def saved(project_id: str, dataset_id: str, routine_id: str, resource: Any) -> Any:
        arguments = [
            one.replace(name=one.name.strip("`")) if one.name else one
            for one in resource.arguments or []
        ]
        return save(
            project_id,
            dataset_id,
            routine_id,
            resource.replace(arguments=arguments) if arguments else resource,
        )

    return saved


def parse_labels(text: str | None) -> dict[str, str]:
    """The labels in `key:value,key:value`; raises BigQueryError for what Google refuses."""
    labels: dict[str, str] = {}
    for pair in (text or "").split(","):
        key, _, value = (part.strip() for part in pair.partition(":"))
        if not key and not value:
            continue
        if not key[:1].isalpha() or not _is_label(key):
            raise _bad_label("key", key)
        if not _is_label(value):
            raise _bad_label("value", value)
        labels[key] = value
    if len(labels) > _MOST_LABELS:
        raise BigQueryError("invalid", f"A job has at most {_MOST_LABELS} labels.")
    return labels


def _is_label(text: str) -> bool:
    return len(text) <= _LONGEST_LABEL and all(
        one in "_-" or (one.isalnum() and one == one.lower()) for one in text
    )


def _bad_label(what: str, text: str) -> BigQueryError:
    return BigQueryError(
        "invalid",
        f'Invalid label {what} "{text}": at most {_LONGEST_LABEL} lower-case letters, digits,'
        " underscores and dashes; a key begins with a letter.",
    )


class _Interpreter(script.Interpreter):
    """Notes every statement that runs as a job of its own."""

    def __init__(
        self,
        cursor: Any,
        context: Any,
        run_sql: Callable[[exp.Expression], JobStatistics2 | None],
        report: Callable[[JobStatistics2], None],
    ) -> None:
        super().__init__(cursor, context, self._noting(run_sql), self._reporting(report))
        self._script = _current.get()
        self._text = ""
        if self._script is not None:
            # The emulator's own sign: only a script has the system variable.
            self._script.is_script = context.system.get("script.job_id") is not None

    def sql(self, statement: script.Statement) -> None:
        self._text = statement.text
        super().sql(statement)

    def block(self, statement: script.Statement) -> None:
        """A handler's own blocks leave @@error, and so its RAISE, as they were."""
        system = self.context.system
        before = {name: value for name, value in system.items() if name.startswith(_ERROR)}
        try:
            super().block(statement)
        finally:
            for name in [name for name in system if name.startswith(_ERROR)]:
                del system[name]
            system.update(before)

    def call(self, statement: script.Statement) -> None:
        """A procedure, Google's own included."""
        if statement.text.upper() != "BQ.JOBS.CANCEL":
            super().call(statement)
            return
        if len(statement.items) != 1:
            raise BigQueryError("invalidQuery", "BQ.JOBS.CANCEL takes one argument, a job.")
        ((argument, _),) = statement.items
        # A project may have a dot in its name; a job may not.
        project, _, job_id = str(self.evaluate(argument)).rpartition(".")
        runner.cancel(project or self.context.project_id, job_id)

    def ddl(self, verb: str, operation: str, reference: tuple[str, str, str]) -> None:
        self._text = self.context.system.get("statement_text") or ""
        super().ddl(verb, operation, reference)

    def set(self, statement: script.Statement) -> None:
        """Several variables from one struct, as from `SELECT AS STRUCT`, too."""
        trees = sqlglot.parse_one(statement.text, dialect=BigQueryDialect).expressions
        item = trees[0].this if len(trees) == 1 else None
        if isinstance(item, exp.EQ) and isinstance(item.expression, exp.Var):
            # The parser keeps the last name of a path only: `SET q = row.field` became `field`.
            item.set("expression", self.expression(statement.text.partition("=")[2]))
            if isinstance(item.this, exp.Parameter):
                self.set_system(item.this.this.name.lower(), item.expression)
                return
            if not isinstance(item.this, exp.Tuple):
                self.assign(self.variable(item.this.name), item.expression)
                return
        if not isinstance(item, exp.EQ) or not isinstance(item.this, exp.Tuple):
            super().set(statement)
            return
        targets, value = item.this.expressions, item.expression
        if isinstance(value, exp.Tuple):
            super().set(statement)
            return
        table = self.store(value)
        [(kind,)] = self.cursor.execute(
            f"SELECT typeof({parameters.VALUE}) FROM {table}"
        ).fetchall()
        fields = self.cursor.execute(f"SELECT unnest({parameters.VALUE}) FROM {table}").description
        if not kind.startswith("STRUCT") or len(fields) != len(targets):
            raise BigQueryError(
                "invalidQuery", f"SET of {len(targets)} variables needs a STRUCT of as many fields."
            )
        for place, target in enumerate(targets, start=1):
            self.cursor.execute(
                f"UPDATE {self.variable(target.name)} SET {parameters.VALUE} ="
                f" (SELECT struct_extract_at({parameters.VALUE}, {place}) FROM {table})"
            )

    def evaluate(self, sql: str) -> Any:
        """The value of an expression."""
        run = super().evaluate
        return self._expressed(self.expression(sql), lambda: run(sql))

    def store(self, value: exp.Expression) -> str:
        """The variable of a DECLARE."""
        run = super().store
        return str(self._expressed(value, lambda: run(value)))

    def assign(self, table: str, value: exp.Expression) -> None:
        """Another value for a variable."""
        run = super().assign
        self._expressed(value, lambda: run(table, value))

    def _expressed(self, value: exp.Expression, run: Callable[[], Any]) -> Any:
        """What `run` gives for an expression; one that reads a table is a job of its own."""
        if value.find(exp.Table) is None:
            return run()
        text, start = f"SELECT {value.sql(dialect=BigQueryDialect)}", metadata.now()
        statistics = JobStatistics2(statementType="SELECT")
        try:
            result = run()
        except Exception as exception:
            self._note(start, statistics, from_exception(exception), text)
            raise
        self._note(start, statistics, None, text)
        return result

    def set_system(self, name: str, value: exp.Expression) -> None:
        super().set_system(name, value)
        if name == "query_label":
            parse_labels(self.context.settings[name])

    def _noting(
        self, run_sql: Callable[[exp.Expression], JobStatistics2 | None]
    ) -> Callable[[exp.Expression], JobStatistics2 | None]:
        def noted(tree: exp.Expression) -> JobStatistics2 | None:
            start = metadata.now()
            try:
                statistics = run_sql(tree)
            except Exception as exception:
                kind = _TRANSACTION.get(type(tree)) or query.statement_type(tree)
                failed = JobStatistics2(statementType=kind)
                self._note(start, failed, from_exception(exception))
                raise
            if statistics is not None:
                kind = _TRANSACTION.get(type(tree), statistics.statementType)
                self._note(start, statistics.replace(statementType=kind))
            return statistics

        return noted

    def _reporting(
        self, report: Callable[[JobStatistics2], None]
    ) -> Callable[[JobStatistics2], None]:
        def noted(statistics: JobStatistics2) -> None:
            report(statistics)
            self._note(metadata.now(), statistics)

        return noted

    def _note(
        self,
        start: str,
        statistics: JobStatistics2,
        error: BigQueryError | None = None,
        text: str | None = None,
    ) -> None:
        if self._script is not None:
            labels = parse_labels(self.context.settings.get("query_label"))
            self._script.note(
                _Statement(text or self._text, labels, start, metadata.now(), statistics, error)
            )


def _without_children(execute: Callable[..., Any]) -> Callable[..., Any]:
    """`query.execute`, whose statements get their jobs from `_query` instead."""

    def wrapped(*arguments: Any, **options: Any) -> Any:
        statistics, children, destination = execute(*arguments, **options)
        return statistics, children if _current.get() is None else [], destination

    return wrapped


def _query(job: Job, *arguments: Any) -> JobStatistics:
    noted = _Script(job)
    token = _current.set(noted)
    try:
        result = _run_query(job, *arguments)
    finally:
        _current.reset(token)
    return result.replace(numChildJobs=str(noted.statements)) if noted.statements else result


def _job_of(job: Job, position: int, statement: _Statement) -> Job:
    project, parent = job.jobReference.projectId, job.jobReference.jobId
    configuration = job.configuration
    own = configuration.replace(
        labels={**(configuration.labels or {}), **statement.labels} or None,
        query=configuration.query.replace(query=statement.text),
    )
    made = runner._job(project, f"script_job_{parent}_{position}", own)
    made = made.replace(
        user_email=job.user_email,
        statistics=made.statistics.replace(creationTime=statement.start),
    )
    statistics = JobStatistics(
        parentJobId=parent,
        startTime=statement.start,
        endTime=statement.end,
        query=statement.statistics,
        **transaction_info.of_statement(),
    )
    return runner._done(made, statistics, statement.error)


def _touching(execute: Callable[..., None], finished: Path) -> Callable[..., None]:
    def wrapped(*arguments: Any) -> None:
        try:
            execute(*arguments)
        finally:
            # Who waits for the end of jobs looks at the time of this file.
            finished.touch()

    return wrapped
