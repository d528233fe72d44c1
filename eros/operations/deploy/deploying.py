"""Running the steps: what is skipped, what a failure means, and how it ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bqstack.errors import UserError
from bqstack.failures import FAILURES, explained
from eros import logs
from eros.operations import machine_lock, runner
from eros.operations.deploy import (
    deploy_notices,
    deploy_report,
    step_results,
    success_rate,
    undo,
)
from eros.operations.deploy.deploy_journal import Journal, unfinished
from eros.operations.deploy.deployment import Deployment, ExitCode, Overtaken, Step

_LOG = logs.Log("deploy")
# Steps that look at what has been changed.
_AFTER = ("validate", "compare", "score")


@dataclass(frozen=True)
class Outcome:
    """How a deployment ended."""

    code: ExitCode
    message: str
    content: dict[str, Any]
    """The report as JSON."""


def begin(stack: str, commit: str, *, resume: bool, fresh: bool, dry_run: bool) -> Journal:
    """The journal to go on with, or a new one.

    Raises UserError when an earlier deployment is unfinished and nobody said what with it.
    """
    if dry_run:
        return Journal.begin(stack, commit, dry_run=True)
    # One that runs is unfinished, too, and must be left alone.
    machine_lock.refuse_running(Journal, stack)
    older = unfinished(stack)
    if resume:
        if older is None:
            raise UserError(
                "this stack has no interrupted deployment",
                value=stack,
                fix=f"eros deploy --stack {stack}",
            )
        # What goes on is what is checked out now: fixed, perhaps, since it failed.
        older.commit = commit
        older.save()
        return older
    if older is not None:
        if not fresh:
            raise UserError(
                f"deployment {older.id} is not finished",
                file=older.folder / "journal.json",
                fix=f"eros deploy --resume --stack {stack}; or abandon it and start over: "
                f"eros deploy --fresh --stack {stack}",
            )
        older.close("SUPERSEDED")
    return Journal.begin(stack, commit)


def run(
    deployment: Deployment,
    steps: Sequence[Step],
    *,
    decide: Callable[[Deployment], undo.Decision] = undo.decide,
    roll_back: Callable[[Deployment, int], None] = undo.roll_back,
) -> Outcome:
    """Make the steps. Never raises what a step raises: every end has a report and a code."""
    with deployment.closing:
        for step in steps:
            if deployment.options.dry_run and not step.in_dry_run:
                continue
            if step.once and deployment.journal.facts(step.name) is not None:
                deployment.progress(f"{step.title}: kept from the interrupted run")
                continue
            try:
                _make(deployment, step)
            except KeyboardInterrupt:
                stack = deployment.site.stack
                message = f"interrupted at the step {step.title!r}"
                fix = f"\n  fix: eros deploy --resume --stack {stack}"
                return _end(deployment, step.code, message + fix, still_open=True)
            except Overtaken as error:
                return _end(deployment, ExitCode.ROLLBACK, str(error))
            except (UserError, *FAILURES) as error:
                return _failed(deployment, step, _reason(error), decide, roll_back)
            except Exception as error:
                # A defect of ours must not leave a half-deployed system without a word.
                _LOG.critical("step broke", step=step.name)
                text = f"unexpected {type(error).__name__}: {error}; the log has the traceback"
                return _failed(deployment, step, text, decide, roll_back)
        if deployment.options.dry_run:
            return _end(deployment, ExitCode.SUCCESS, "dry run: nothing was changed")
        unread = deployment.found(step_results.Compared).unread
        message = f"deployed, but {unread}" if unread else "deployed"
        return _end(deployment, ExitCode.SUCCESS, message)


def _make(deployment: Deployment, step: Step) -> None:
    if not deployment.has_lock():
        deployment.progress(step.title)
        if step.name in _AFTER:
            raise Overtaken
        raise UserError("somebody has broken the lock of this deployment; nothing was changed")
    runner.make(
        deployment.journal,
        step,
        lambda: step.run(deployment),
        progress=deployment.progress,
        log=_LOG,
    )


def _failed(
    deployment: Deployment,
    step: Step,
    text: str,
    decide: Callable[[Deployment], undo.Decision],
    roll_back: Callable[[Deployment, int], None],
) -> Outcome:
    """Decide what becomes of what was changed, and which code says so."""
    _LOG.error("step failed", step=step.name, reason=text)
    if step.name != "up" and step.name not in _AFTER:
        return _end(deployment, step.code, text)
    # Code 3 stays: the engine stopped halfway, and --resume can still finish it.
    engine_failed = step.code is ExitCode.DEPLOYMENT
    if not deployment.has_lock():
        code = step.code if engine_failed else ExitCode.ROLLBACK
        return _end(deployment, code, f"{text}\n{Overtaken()}")
    decision = None
    try:
        decision = decide(deployment)
        deployment.progress(decision.text)
        if not decision.now:
            bad = decision.version is not None and not engine_failed
            code = ExitCode.ROLLBACK if bad else step.code
            message = f"{text}\n{decision.text}"
            if engine_failed:
                message += _to_resume(deployment)
            return _end(deployment, code, message, still_open=engine_failed)
        assert decision.version is not None
        with deployment.journal.step("rollback") as record:
            roll_back(deployment, decision.version)
            record.facts = step_results.RolledBack(decision.version).document()
        return _end(deployment, step.code, f"{text}\n{decision.text}")
    except (UserError, *FAILURES, KeyboardInterrupt) as error:
        if decision is None and engine_failed:
            # Nobody has begun to go back; what stopped the engine stops us, too.
            message = f"{text}\nwhat it changed cannot be checked: {_reason(error)}"
            message += _to_resume(deployment)
            return _end(deployment, step.code, message, still_open=True)
        message = f"{text}\nthe rollback failed, you must act: {_reason(error)}"
        return _end(deployment, ExitCode.ROLLBACK, message)


def _to_resume(deployment: Deployment) -> str:
    stack = deployment.site.stack
    return f"\n  fix: remove the cause, then run: eros deploy --resume --stack {stack}"


def _reason(error: BaseException) -> str:
    if isinstance(error, UserError):
        return str(error)
    return explained(error) if isinstance(error, Exception) else "interrupted"


def _end(
    deployment: Deployment, code: ExitCode, message: str, *, still_open: bool = False
) -> Outcome:
    deploy_notices.tell_end(deployment, code, message)
    if not still_open:
        deployment.journal.close(code.name)
    content = deploy_report.write(deployment, code, message)
    _LOG.deployment("deployment ended", deployment=deployment.journal.id, result=code.name)
    _LOG.audit(
        success_rate.RECORD,
        result=code.name,
        deployment=deployment.journal.id,
        stack=deployment.site.stack,
        commit=deployment.journal.commit,
        dry_run=deployment.options.dry_run,
        newest=deployment.found(step_results.Before).newest,
        changed=deployment.found(step_results.Updated).changed,
    )
    return Outcome(code, message, content)
