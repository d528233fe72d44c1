"""Putting rows back.

The declared tables stay: partitioning, expiration, labels and protection are theirs. The rows
of all tables are replaced in one transaction, which also records that it was done. So a restore
is either all there or has changed nothing, whatever is interrupted, and its record says which.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from google.api_core.exceptions import Conflict, NotFound

from bqstack.amounts import counted
from bqstack.errors import UserError
from bqstack.failures import FAILURES, explained
from eros.cloud.google import Google
from eros.operations import stack_lock
from eros.operations.backup import (
    activity,
    backup_jobs,
    creation,
    inventory,
    ledger,
    restore_sql,
)
from eros.operations.backup.backup_jobs import quoted
from eros.operations.backup.backup_record import Backup, Sums
from eros.operations.backup.ledger import Attempt
from eros.operations.backup.names import Kind, Source
from eros.operations.backup.progress import Progress, quiet
from eros.operations.backup.restore_plan import Plan, TablePlan, plan
from eros.operations.backup.sums import Relation, add_up

if TYPE_CHECKING:
    from google.cloud import bigquery

# What a call of BigQuery may end with; an answer that breaks off is an OSError of `requests`
# that is not among FAILURES.
_TROUBLE = (UserError, *FAILURES, OSError)
# For asking after a job whose end was not seen: the network may be back soon.
_ASKING_SECONDS = 60


@dataclass(frozen=True)
class Comparison:
    """What a table was to come to, and what it came to."""

    table: str
    expected: Sums
    found: Sums

    @property
    def equal(self) -> bool:
        """Whether the rows are the same."""
        return self.expected == self.found

    @property
    def different(self) -> list[str]:
        """Columns whose values differ."""
        return [
            name
            for name, total in self.expected.columns.items()
            if self.found.columns.get(name) != total
        ]


@dataclass(frozen=True)
class Restore:
    """A restore that has ended."""

    id: str
    backup: str
    source: Source
    comparisons: tuple[Comparison, ...]
    safety: str | None

    @property
    def equal(self) -> bool:
        """Whether every table is as the backup says."""
        return all(comparison.equal for comparison in self.comparisons)


def restore(
    google: Google,
    backup: Backup,
    *,
    tables: Iterable[str] | None = None,
    source: Source = Source.SNAPSHOT,
    force: bool = False,
    safety: bool = True,
    progress: Progress = quiet,
) -> Restore:
    """Plan a restore and carry it out (eros/operations/backup/__init__.py)."""
    with plan(google, backup, tables=tables, source=source, progress=progress) as planned:
        return execute(google, planned, force=force, safety=safety, progress=progress)


def differing(google: Google, planned: Plan, *, progress: Progress = quiet) -> Plan:
    """The plan for those of its tables whose rows are not what they would come to."""
    progress("comparing every column with what is there now")
    found = compare(google, google.settings.dataset, planned.tables)
    different = {comparison.table for comparison in found if not comparison.equal}
    tables = tuple(table for table in planned.tables if table.name in different)
    return replace(planned, tables=tables)


def execute(
    google: Google,
    planned: Plan,
    *,
    force: bool = False,
    safety: bool = True,
    progress: Progress = quiet,
) -> Restore:
    """Carry out a plan.

    Raises UserError while scheduled queries run, unless `force`, and while an earlier restore
    has not ended: its job may still replace the rows. Nothing is changed then.
    """
    restore_sql.require_one(_statements(google, planned))
    if not force:
        activity.refuse(google)
    _refuse_open(google)
    before = None
    if safety:
        progress("safety backup of what will be replaced")
        saved = creation.create(google, kind=Kind.SAFETY, tables=planned.names, progress=progress)
        before = saved.id
        # It takes minutes, in which somebody else may have begun.
        _refuse_open(google)
    started = backup_jobs.now(google)
    attempt = Attempt(
        id=f"{started:%Y%m%d_%H%M%S_%f}",
        started=started,
        backup=planned.backup.id,
        source=planned.source,
        tables=tuple(planned.names),
        safety=before,
    )
    ledger.step(google, attempt.id, "STARTED", attempt.details())
    replace_rows(google, attempt, planned, progress)
    return compare_rows(google, attempt, planned, progress)


def _refuse_open(google: Google) -> None:
    if open_attempt := ledger.unfinished(google):
        raise UserError(
            f"the restore of {open_attempt.backup} that began at "
            f"{open_attempt.started:%Y-%m-%d %H:%M:%S} UTC has not ended",
            fix="eros backup restore --resume, once nobody else is working on it",
        )


def resume(
    google: Google, attempt: Attempt, *, force: bool = False, progress: Progress = quiet
) -> Restore:
    """Bring a restore that was interrupted to its end.

    Its job comes first: one that runs is waited for. When the transaction was committed, the
    rows are compared; when it never began, it is carried out now, with the safety backup that
    the restore took. One for which there is no backup or table any more is over.
    """
    replaced = attempt.applied or _waited_for(google, attempt, progress)
    if not replaced and not force:
        activity.refuse(google)
    with ExitStack() as closing:
        with _over_when_refused(google, attempt, replaced=replaced):
            backup = inventory.find(google, attempt.backup)
            planned = closing.enter_context(
                plan(
                    google, backup, tables=attempt.tables, source=attempt.source, progress=progress
                )
            )
        if replaced:
            progress("the rows had already been replaced")
        else:
            replace_rows(google, attempt, planned, progress)
        return compare_rows(google, attempt, planned, progress)


@contextmanager
def _over_when_refused(google: Google, attempt: Attempt, *, replaced: bool) -> Iterator[None]:
    """End an attempt that cannot continue: left open, it would block every other one."""
    try:
        yield
    except UserError as error:
        if error.__cause__ is not None:
            raise  # A refusal of Google's, which may pass.
        step, outcome = "FAILED", "the restore is abandoned, no table was changed"
        if replaced:
            step, outcome = "DIFFERENT", "the rows are replaced, but can no longer be compared"
        ledger.step(google, attempt.id, step, {"error": error.message})
        raise UserError(f"{outcome}: {error.message}", fix=error.fix) from error


def replace_rows(google: Google, attempt: Attempt, planned: Plan, progress: Progress) -> None:
    """Run the transaction; raises UserError that says what is known of its end."""
    progress(f"replacing the rows of {counted(len(planned.tables), 'table')} in one transaction")
    _finish(google, attempt, lambda: begin_transaction(google, attempt, planned))


def _waited_for(google: Google, attempt: Attempt, progress: Progress) -> bool:
    """Whether the job of an earlier try has replaced the rows; False when there is no job."""
    job = _job(google, attempt)
    if job is None:
        return False
    progress(f"waiting for the job {attempt.job}")
    _finish(google, attempt, lambda: job)
    return True


def _finish(google: Google, attempt: Attempt, begin: Callable[[], bigquery.QueryJob]) -> None:
    """Return when the transaction is committed.

    A failed call says nothing of the job, which goes on without us: it is asked for again.
    Only when it has ended in an error, or BigQuery refused to begin it, the attempt is over.
    """
    try:
        begin().result()
        return
    except _TROUBLE as error:
        trouble = error
    reason = explained(trouble)
    try:
        job = _job(google, attempt)
        if job is None:
            is_over = isinstance(trouble, UserError)
        else:
            is_over = job.state == "DONE" and bool(job.error_result)
            # A job can be cancelled after its last statement, which is the commit.
            if job.state == "DONE" and ledger.has_applied(google, attempt.id):
                return
            if is_over:
                reason = job.error_result["message"]
    except _TROUBLE as error:
        reason, is_over = f"{reason}; {explained(error)}", False
    if not is_over:
        raise ledger.OpenError(
            f"it is not known yet how the restore ended: {reason}; "
            f"the job {attempt.job} may still replace the rows",
            fix="eros backup restore --resume asks for the job and waits until it finishes",
        ) from trouble
    failed = f"the restore failed, no table was changed: {reason}"
    try:
        ledger.step(google, attempt.id, "FAILED", {"error": reason})
    except _TROUBLE as error:
        raise UserError(
            f"{failed}; this could not be recorded either: {explained(error)}",
            fix="eros backup restore --resume records it",
        ) from trouble
    raise UserError(
        failed,
        fix=f"fix that, then repeat: eros backup restore {attempt.backup} --from {attempt.source}",
    ) from trouble


def _statements(google: Google, planned: Plan) -> dict[str, str]:
    settings = google.settings
    return restore_sql.statements(
        settings.project, settings.dataset, planned.tables, is_staged=planned.is_staged
    )


def begin_transaction(google: Google, attempt: Attempt, planned: Plan) -> bigquery.QueryJob:
    """Start the transaction that replaces the rows, or find the job that an earlier try started."""
    from google.cloud import bigquery

    script = (
        "BEGIN TRANSACTION;\n"
        f"{'\n'.join(_statements(google, planned).values())}\n"
        f"{ledger.applied_statement(google)};\n"
        "COMMIT TRANSACTION;"
    )
    job_config = backup_jobs.config(
        google,
        [table.size for table in planned.tables],
        query_parameters=[
            bigquery.ScalarQueryParameter("restore_id", "STRING", attempt.id),
            bigquery.ScalarQueryParameter("details", "STRING", json.dumps(attempt.details())),
        ],
    )
    try:
        with backup_jobs.refusals(google.settings):
            return google.bigquery.query(
                script, job_config=job_config, job_id=attempt.job, job_retry=None
            )
    except Conflict:
        # The request arrived twice: the first one began the job.
        return cast("bigquery.QueryJob", google.bigquery.get_job(attempt.job))


def _job(google: Google, attempt: Attempt) -> bigquery.QueryJob | None:
    """The job of this restore as it is now; None when there is none."""
    from google.cloud.bigquery import DEFAULT_RETRY

    try:
        retry = DEFAULT_RETRY.with_timeout(_ASKING_SECONDS)
        return cast("bigquery.QueryJob", google.bigquery.get_job(attempt.job, retry=retry))
    except NotFound:
        return None


def compare_rows(google: Google, attempt: Attempt, planned: Plan, progress: Progress) -> Restore:
    """Compare the tables with what was restored, and record the end of the attempt."""
    progress("comparing every column with the backup")
    try:
        comparisons = compare(google, google.settings.dataset, planned.tables)
    except _TROUBLE as error:
        raise UserError(
            f"the rows are replaced, but could not be compared: {explained(error)}",
            fix="eros backup restore --resume compares them",
        ) from error
    done = Restore(attempt.id, attempt.backup, attempt.source, tuple(comparisons), attempt.safety)
    different = {c.table: c.different for c in comparisons if not c.equal}
    ledger.step(
        google, attempt.id, "DIFFERENT" if different else "VERIFIED", {"different": different}
    )
    if stack_lock.TABLE in attempt.tables:
        _end_claims(google, attempt, progress)
    return done


def _end_claims(google: Google, attempt: Attempt, progress: Progress) -> None:
    """Deployment locks that came back with the rows are stale and would block everybody."""
    try:
        stack_lock.end_claims(google, attempt.started)
    except _TROUBLE as error:
        progress(f"stale deployment locks may remain: {explained(error)}")


def compare(google: Google, dataset: str, tables: Sequence[TablePlan]) -> list[Comparison]:
    """The tables of `dataset` beside what they were to come to."""
    project = google.settings.project
    relations = {
        table.name: Relation(
            quoted(project, dataset, table.name), table.fit.restored, table.size, table.every_row
        )
        for table in tables
    }
    found = add_up(google, relations)
    return [Comparison(table.name, table.expected, found[table.name]) for table in tables]
