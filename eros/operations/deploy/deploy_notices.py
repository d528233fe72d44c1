"""Notices of a deployment to people: its start and its end."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from datetime import timedelta

from eros.operations.deploy import step_results
from eros.operations.deploy.deployment import Deployment, ExitCode
from eros.operations.notifying import Notice, in_a_line, try_send

# docs/checklists.md: the limit of one update.
_UPDATE_MINUTES = 15
_WAY_BACK = "definitions in 5 minutes, rows in 30, from the backup taken before"
_ENDS = {
    ExitCode.SUCCESS: "has succeeded",
    ExitCode.VALIDATION: "failed its checks and was rolled back",
    ExitCode.ROLLBACK: "failed its checks; a person decides whether to roll back",
}
_OPEN = (ExitCode.DEPLOYMENT, ExitCode.ROLLBACK)


@dataclass(frozen=True)
class Notify:
    """People are notified that it begins."""

    name: str = step_results.Notified.STEP
    title: str = "notice to people"
    code: ExitCode = ExitCode.PREREQUISITES
    once: bool = True
    in_dry_run: bool = False

    def run(self, deployment: Deployment) -> step_results.Notified:
        """Send the first notice; a channel that cannot be reached stops no deployment."""
        what = _what(deployment)
        minutes = _UPDATE_MINUTES + deployment.options.observe_minutes
        end = deployment.now() + timedelta(minutes=minutes)
        notice = Notice(
            phase="started",
            subject=_subject(deployment, "has begun"),
            what=what,
            why=_why(deployment),
            impact=deployment.options.impact,
            way_back=_WAY_BACK,
            next_update=f"when it ends, by {end:%H:%M} UTC",
            contact=deployment.site.google.settings.alert_email,
        )
        try_send(deployment.site.google, notice, deployment.progress)
        return step_results.Notified(what)


def tell_end(deployment: Deployment, code: ExitCode, message: str) -> None:
    """Notify people how the deployment ended, if they were notified of its start."""
    if deployment.journal.facts(step_results.Notified.STEP) is None or deployment.options.dry_run:
        return
    notice = Notice(
        phase="ended",
        subject=_subject(deployment, _ENDS.get(code, "stopped before it finished")),
        what=deployment.found(step_results.Notified).what,
        why=_why(deployment),
        # The reasons stand below the first line.
        impact=in_a_line(message),
        way_back="done" if code is ExitCode.VALIDATION else _WAY_BACK,
        next_update=_next_update(code),
        contact=deployment.site.google.settings.alert_email,
    )
    try_send(deployment.site.google, notice, deployment.progress)


def _next_update(code: ExitCode) -> str:
    if code in _OPEN:
        return "within 30 minutes"
    return "the review" if code is ExitCode.VALIDATION else "none is needed"


def _subject(deployment: Deployment, state: str) -> str:
    moment = deployment.now()
    return f"{deployment.site.stack}: the deployment {state} ({moment:%Y-%m-%d %H:%M} UTC)"


def _why(deployment: Deployment) -> str:
    return deployment.options.why or "what its commit says"


def _what(deployment: Deployment) -> str:
    """The commit that the deployment began with, and its subject."""
    found = subprocess.run(
        ["git", "log", "-1", "--format=%h %s", deployment.journal.commit or "HEAD"],
        cwd=deployment.site.root,
        check=False,
        capture_output=True,
        text=True,
    )
    return found.stdout.strip() or deployment.journal.commit or "what is checked out"
