"""The steps of a deployment, in their order. Each does one thing and says what it found."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bqstack import state
from bqstack.amounts import counted
from bqstack.errors import UserError
from bqstack.failures import FAILURES, explained
from eros import logs
from eros.operations import backup, machine_lock, repair
from eros.operations.deploy import (
    before_after,
    deploy_journal,
    deploy_notices,
    preflight,
    pulumi_updates,
    step_results,
    validation,
    verdict,
)
from eros.operations.deploy.before_after import Figures
from eros.operations.deploy.deployment import (
    Deployment,
    ExitCode,
    Finding,
    Level,
    Overtaken,
    Step,
    StepFailed,
)
from eros.operations.stack_lock import Holder, TableLock, held_table
from eros.watch import deployment_sections, monitor

# Days that the baseline and the success score look back and forward.
_BASELINE = timedelta(hours=24)
_SCORE_DAYS = 7
# Between two heartbeats while the system is watched.
_SIGN_SECONDS = 60.0
_LOCAL_LOOK_SECONDS = 5.0
_LOG = logs.Log("deploy")


@dataclass(frozen=True)
class Lock:
    """Nobody else deploys this stack, or rolls it back, meanwhile."""

    name: str = "lock"
    title: str = "lock"
    code: ExitCode = ExitCode.PREREQUISITES
    once: bool = False
    in_dry_run: bool = False

    def run(self, deployment: Deployment) -> step_results.Locked:
        """Take the lock of this machine, and the one between machines where it exists."""
        site = deployment.site
        holder = Holder.of(deployment.journal.id)
        deployment.closing.enter_context(
            machine_lock.held(deploy_journal.Journal, site.stack, holder)
        )
        table = TableLock(site.google, holder)
        between = table.is_possible()
        if between:
            take_over = deployment.options.break_lock
            deployment.closing.enter_context(held_table(table, take_over=take_over))
            deployment.lock = table
            if take_over:
                _LOG.audit("deployment lock broken", result="succeeded", by=holder.who)
        return step_results.Locked(holder.who, between)


@dataclass(frozen=True)
class Repair:
    """What an engine that was killed has left is fixed."""

    name: str = "repair"
    title: str = "state of the stack"
    code: ExitCode = ExitCode.PREREQUISITES
    once: bool = False
    in_dry_run: bool = False
    mend: Callable[..., repair.Repair] = repair.repair

    def run(self, deployment: Deployment) -> step_results.Repaired:
        """Find out how operations of unknown end ended."""
        site = deployment.site
        tell = _indented(deployment.progress)
        mended = self.mend(site.google, site.stack, root=site.root, progress=tell)
        return step_results.Repaired(mended.document())


@dataclass(frozen=True)
class Preflight:
    """What must be true is true."""

    name: str = "preflight"
    title: str = "checks before the deployment"
    code: ExitCode = ExitCode.PREREQUISITES
    once: bool = False
    in_dry_run: bool = True
    check: Callable[..., list[Finding]] = preflight.check

    def run(self, deployment: Deployment) -> step_results.Checked:
        """All checks; one that failed stops the deployment."""
        findings = self.check(deployment.site)
        allowed = {"git"} if deployment.options.allow_dirty else set()
        return _judged(
            deployment, findings, step_results.Checked, "a prerequisite is not met", allowed
        )


@dataclass(frozen=True)
class Baseline:
    """How the system is before."""

    name: str = "baseline"
    title: str = "baseline"
    code: ExitCode = ExitCode.PREREQUISITES
    once: bool = True
    in_dry_run: bool = True

    def run(self, deployment: Deployment) -> step_results.Before:
        """Measure it, and note which update of the stack it is."""
        site = deployment.site
        history = state.history(site.stack, site.root)
        last = next((u.version for u in history if u.succeeded and u.kind == "update"), None)
        newest = history[0].version if history else 0
        if not before_after.is_deployed(site.google):
            deployment.progress("  nothing is deployed yet, so there is no baseline")
            return step_results.Before(last, newest)
        now = deployment.now()
        found = before_after.measure(site.google, now - _BASELINE, now)
        deployment.progress(f"  health score {found.health_score}, {found.queries} queries a day")
        return step_results.Before(last, newest, found.document())


@dataclass(frozen=True)
class Backup:
    """The rows as they are before."""

    name: str = "backup"
    title: str = "backup"
    code: ExitCode = ExitCode.BACKUP
    once: bool = True
    in_dry_run: bool = False

    def run(self, deployment: Deployment) -> step_results.BackedUp:
        """Snapshot every table worth keeping."""
        google = deployment.site.google
        if not backup.is_deployed(google):
            deployment.progress(
                "  the backup dataset does not exist yet: there are no rows to lose"
            )
            return step_results.BackedUp()
        tell = _indented(deployment.progress)
        made = backup.create(google, kind=backup.Kind.DEPLOYMENT, progress=tell)
        tables, rows = len(made.tables), made.rows
        assert rows is not None  # it is complete
        deployment.progress(f"  {made.id}: {counted(tables, 'table')}, {counted(rows, 'row')}")
        for warning in made.warnings:
            tell(f"warning: {warning}")
        return step_results.BackedUp(made.id, tables, rows, list(made.warnings))


@dataclass(frozen=True)
class Preview:
    """What would change; the guard in the program refuses what would lose rows."""

    name: str = "preview"
    title: str = "preview"
    code: ExitCode = ExitCode.PREREQUISITES
    once: bool = False
    in_dry_run: bool = True
    ask: Callable[..., pulumi_updates.Preview] = pulumi_updates.preview

    def run(self, deployment: Deployment) -> step_results.Previewed:
        """Ask the engine and show the changes."""
        found = self.ask(deployment.site.stack, deployment.site.root)
        lines = [f"{c.action.value} {c.name}{_because(c)}" for c in found.changes]
        others = len(found.touched) - len(found.changes)
        for line in lines:
            deployment.progress(f"  {line}")
        if others > 0:
            deployment.progress(f"  and {others} more that hold no data")
        if found.is_empty:
            deployment.progress("  nothing changes")
        return step_results.Previewed(found.counts, lines, list(found.touched), list(found.tables))


@dataclass(frozen=True)
class Confirm:
    """Somebody wants it."""

    name: str = "confirm"
    title: str = "confirmation"
    code: ExitCode = ExitCode.PREREQUISITES
    once: bool = False
    in_dry_run: bool = False

    def run(self, deployment: Deployment) -> step_results.Confirmed:
        """Ask; for production the stack's name has to be typed."""
        if not deployment.found(step_results.Previewed).touched:
            return step_results.Confirmed("nobody: nothing changes")
        if deployment.options.yes:
            return step_results.Confirmed("--yes")
        site = deployment.site
        if site.is_production:
            wanted = site.stack
            answer = deployment.ask(f"To deploy, type the stack's name ({wanted})")
        else:
            wanted = "y"
            answer = deployment.ask("Deploy? [y/N]").strip().lower()[:1]
        if answer != wanted:
            raise UserError("not confirmed; nothing was changed")
        return step_results.Confirmed(logs.log.user())


@dataclass(frozen=True)
class Up:
    """The update itself."""

    name: str = "up"
    title: str = "pulumi up"
    code: ExitCode = ExitCode.DEPLOYMENT
    once: bool = False
    in_dry_run: bool = False
    update: Callable[..., None] = pulumi_updates.up

    def run(self, deployment: Deployment) -> step_results.Updated:
        """Run the engine, unless there is nothing to do."""
        site = deployment.site
        if not deployment.found(step_results.Previewed).touched:
            deployment.progress("  nothing to do")
            return step_results.Updated(False, deployment.now().isoformat())
        self.update(site.stack, site.root, f"eros deploy {deployment.journal.id}")
        return step_results.Updated(True, deployment.now().isoformat())


@dataclass(frozen=True)
class Validate:
    """What was deployed is there and works."""

    name: str = "validate"
    title: str = "validation"
    code: ExitCode = ExitCode.VALIDATION
    once: bool = False
    in_dry_run: bool = False
    check: Callable[..., list[Finding]] = validation.check

    def run(self, deployment: Deployment) -> step_results.Validated:
        """All validation queries."""
        findings = self.check(deployment.site)
        return _judged(
            deployment, findings, step_results.Validated, "the deployed system does not work"
        )


@dataclass(frozen=True)
class Compare:
    """The system is not worse than before."""

    name: str = "compare"
    title: str = "comparison with the baseline"
    code: ExitCode = ExitCode.VALIDATION
    once: bool = False
    in_dry_run: bool = False
    sleep: Callable[[float], None] = time.sleep

    def run(self, deployment: Deployment) -> step_results.Compared:
        """Watch as long as was asked for, measure, and look for reasons to roll back."""
        google = deployment.site.google
        start = datetime.fromisoformat(deployment.found(step_results.Updated).ended)
        until = start + timedelta(minutes=deployment.options.observe_minutes)
        self._watch(deployment, until)
        stop = deployment.now()
        try:
            after = before_after.measure(google, start, stop)
        except (UserError, *FAILURES) as error:
            # Definitions that passed the validation are not bad because nobody can measure them.
            unread = f"nothing was compared with the baseline: {_reason(error)}"
            deployment.progress(f"  {unread}")
            return step_results.Compared(unread=unread)
        known = deployment.found(step_results.Before).figures
        before = Figures(**known) if known else None
        earlier, unread = None, ""
        try:
            earlier = before_after.cost(google, *before_after.yesterday(start, stop))
        except (UserError, *FAILURES) as error:
            unread = f"the cost was not compared with yesterday's: {_reason(error)}"
            deployment.progress(f"  {unread}")
        found = verdict.compare(before, after, earlier)
        missing = [name for name in found.missing if not (unread and name == verdict.COST)]
        if missing:
            deployment.progress(f"  too few queries so far to judge: {', '.join(missing)}")
        compared = step_results.Compared(
            after.document(), missing, unread, [str(trigger) for trigger in found.triggers]
        )
        if found.triggers:
            raise StepFailed(
                "the system is worse than before:\n  " + "\n  ".join(compared.triggers), compared
            )
        return compared

    def _watch(self, deployment: Deployment, until: datetime) -> None:
        # A person moves the clock of a local cloud.
        pause = _LOCAL_LOOK_SECONDS if deployment.site.google.is_local else _SIGN_SECONDS
        said = ""
        while (left := (until - deployment.now()).total_seconds()) > 0:
            minutes = counted(math.ceil(left / 60), "minute")
            if said != (line := f"  watching for another {minutes}"):
                deployment.progress(said := line)
            self.sleep(min(left, pause))
            if not deployment.has_lock():
                raise Overtaken


@dataclass(frozen=True)
class Score:
    """The success score of the deployment (docs/deploy.md#the-steps)."""

    name: str = "score"
    title: str = "success score"
    code: ExitCode = ExitCode.VALIDATION
    once: bool = False
    in_dry_run: bool = False

    def run(self, deployment: Deployment) -> step_results.Scored:
        """The scorecard of this moment; what cannot be measured yet scores nothing."""
        at = datetime.fromisoformat(deployment.found(step_results.Updated).ended).astimezone(UTC)
        section = deployment_sections.SECTIONS[-1]
        try:
            rows = monitor.ask(
                deployment.site.google, section, deployed_at=at, days=_SCORE_DAYS
            ).records()
        except (UserError, *FAILURES) as error:
            # A deployment that was found good is not bad because nobody can score it.
            text = f"cannot be read: {error}"
            deployment.progress(f"  {text}")
            return step_results.Scored(overall=text)
        criteria = [{"criterion": row["item"], "status": row["status"]} for row in rows]
        *_, overall = criteria
        deployment.progress(f"  {overall['status']}; again in some days: eros monitor deployment")
        return step_results.Scored(criteria[:-1], overall["status"])


def standard(*, resume: bool = False) -> tuple[Step, ...]:
    """The steps of `eros deploy`; `resume` when it goes on with one that was interrupted."""
    return (
        Lock(),
        *((Repair(),) if resume else ()),
        Preflight(),
        Baseline(),
        Backup(),
        Preview(),
        Confirm(),
        deploy_notices.Notify(),
        Up(),
        Validate(),
        Compare(),
        Score(),
    )


def _judged[Found: step_results.Checked](
    deployment: Deployment,
    findings: list[Finding],
    kind: type[Found],
    message: str,
    allowed: set[str] | None = None,
) -> Found:
    """The findings, shown; raises StepFailed when one has failed that is not allowed to."""
    found = kind([finding.document() for finding in findings])
    for finding in findings:
        deployment.progress(f"  {finding.level.value.lower():8}{finding.check}: {finding.text}")
    failed = [f for f in findings if f.level is Level.FAILED and f.check not in (allowed or set())]
    if failed:
        texts = "\n".join(f"  {f.check}: {f.text}" for f in failed)
        fixes = "\n".join(f"  {f.check}: {f.fix}" for f in failed if f.fix)
        raise StepFailed(f"{message}\n{texts}", found, fix=f"\n{fixes}" if fixes else None)
    return found


def _reason(error: Exception) -> str:
    return error.message if isinstance(error, UserError) else explained(error)


def _because(change: Any) -> str:
    texts = "; ".join(dict.fromkeys(detail.text for detail in change.details if detail.path))
    return f": {texts}" if texts else ""


def _indented(progress: Callable[[str], None]) -> Callable[[str], None]:
    return lambda line: progress(f"  {line}")
