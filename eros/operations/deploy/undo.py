"""Going back after a deployment that was found bad (docs/requirements.md C-64).

Definitions go back automatically when nobody can be asked and the deployment touched no
table, else when a person agrees. Rows are only ever brought back by a person.
"""

from __future__ import annotations

from dataclasses import dataclass

from bqstack import state
from bqstack.errors import UserError
from eros.operations import rollback
from eros.operations.deploy import step_results
from eros.operations.deploy.deployment import Deployment
from eros.operations.notifying import in_a_line


@dataclass(frozen=True)
class Decision:
    """Whether to go back now, to which update, and what a person is shown."""

    now: bool
    version: int | None
    text: str


def decide(deployment: Deployment) -> Decision:
    """What is to be done about what this deployment has changed."""
    site = deployment.site
    before = deployment.found(step_results.Before)
    version = before.version
    command = f"eros rollback --stack {site.stack}" + (f" --to {version}" if version else "")
    history = state.history(site.stack, site.root)
    since = [u for u in history if u.version > before.newest]
    if not since and deployment.journal.facts(step_results.Updated.STEP) is None:
        # An engine that is killed writes no history.
        text = "the history has no update of this deployment: pulumi did not start, or died halfway"
        return Decision(False, None, text)
    if not any(update.changed for update in since):
        return Decision(False, None, "the deployment changed nothing")
    if version is None:
        return Decision(False, None, "there is no earlier state to return to")
    tables = tables_touched(deployment)
    if tables:
        names = ", ".join(tables)
        text = f"it changed tables ({names}), so you decide: {command}"
        return Decision(False, version, text)
    if not deployment.options.yes:
        question = f"Restore the definitions of update {version} now? [y/N]"
        if deployment.ask(question).strip().lower()[:1] != "y":
            return Decision(False, version, f"not restored; to do it:  {command}")
    return Decision(True, version, f"restored the definitions of update {version}")


def tables_touched(deployment: Deployment) -> list[str]:
    """Tables that any preview of this deployment named, an interrupted attempt's included."""
    found: dict[str, None] = {}
    for record in deployment.journal.records:
        if record.name == step_results.Previewed.STEP:
            found |= dict.fromkeys(step_results.Previewed.read(record.facts).tables)
    return list(found)


def roll_back(deployment: Deployment, version: int) -> None:
    """Bring back the definitions of an update; raises UserError when it fails.

    No backup is taken again: the deployment has one, and rows stay as they are.
    """
    site = deployment.site
    made = rollback.rollback(
        site.google,
        site.stack,
        to=version,
        data=False,
        take_backup=False,
        held=deployment.lock,
        why=_why(deployment),
        root=site.root,
        progress=lambda line: deployment.progress(f"  {line}"),
    )
    if not made.health_kept:
        raise UserError(
            "the definitions are restored, but the system is less healthy than before",
            file=made.folder / "report.md",
            fix="eros health --verbose",
        )


def _why(deployment: Deployment) -> str:
    """What the deployment failed by, in a line."""
    failed = [record.error for record in deployment.journal.records if record.result == "failed"]
    text = in_a_line(failed[-1]) if failed else "it failed"
    return f"deployment {deployment.journal.id}: {text}"
