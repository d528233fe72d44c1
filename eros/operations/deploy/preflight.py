"""What must be true before a deployment begins (docs/deploy.md#checks-before).

Each check looks at one thing and says what it found; none changes anything. A check that
cannot be made is a finding of it.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from googleapiclient.errors import HttpError

from bqstack import engine, state
from bqstack.errors import UserError
from bqstack.failures import FAILURES, explained
from eros.cloud import services, transfers
from eros.cloud.google import disabled_service
from eros.cloud.local_control import present
from eros.cloud.services import SERVICES
from eros.operations import backup, repair, rollback
from eros.operations.deploy import permissions, quota
from eros.operations.deploy import rights as granted_rights
from eros.operations.deploy.bucket_name import bucket
from eros.operations.deploy.deployment import Finding, Level, Site
from eros.operations.deploy.external import external_schemas
from eros.operations.deploy.grants import authorized
from eros.operations.deploy.placeholders import unfilled
from eros.project import schedules
from gcptypes.records import ACT_AS

Check = Callable[[Site], list[Finding]]

# A backup is taken before every deployment; an old one says that the daily ones do not run.
_BACKUP_AGE = timedelta(days=2)
_NOT_FOUND = 404
# The grant's name in components/identity.py.
_TOKEN_GRANT = "transfer-agent-token-creator"
_SHOWN = 5


def check(site: Site) -> list[Finding]:
    """All checks; when the cloud cannot be reached, only those that need none."""
    findings = []
    reachable = True
    for name, needs_cloud, make in CHECKS:
        if needs_cloud and not reachable:
            continue
        try:
            found = make(site)
        except UserError as error:
            # What keeps a check from looking is not what it looks for.
            text = (
                error.message
                if name in _ABOUT_THEMSELVES
                else f"cannot be checked: {error.message}"
            )
            found = [Finding(name, Level.FAILED, text, error.fix or "")]
        except FAILURES as error:
            found = [_unchecked(site, name, error)]
        findings += found
        if name == "credentials":
            reachable = all(finding.level is not Level.FAILED for finding in found)
    return findings


def _unchecked(site: Site, name: str, error: Exception) -> Finding:
    """What a check could not look at, with the command for an API that is not enabled.

    Most APIs are enabled by the deployment; whether it may do so is a check of its own.
    """
    service = disabled_service(error)
    if service in SERVICES and service not in services.ESSENTIAL:
        text = f"cannot be checked before this deployment enables {service}"
        return Finding(name, Level.WARNING, text)
    if service:
        fix = services.remedy(service, site.google.settings.project)
        return Finding(name, Level.FAILED, f"not enabled: {service}", fix)
    return Finding(name, Level.FAILED, f"cannot be checked: {explained(error)}")


def tools(site: Site) -> list[Finding]:
    """The engine, and its backend with the stack."""
    version = engine.output("version", root=site.root).strip()
    try:
        checkpoint = state.current(site.stack, site.root)
    except UserError:
        repair.refuse_damage(site.google, site.stack, site.root)
        raise
    findings = [Finding("tools", Level.OK, f"pulumi {version}, stack {site.stack}")]
    if open_ := (*checkpoint.pending, *checkpoint.unread):
        names = ", ".join(urn.rpartition("::")[2] for urn in open_[:_SHOWN])
        findings.append(
            Finding(
                "tools",
                # A schedule that is created once more runs twice; the rest is only done again.
                Level.FAILED if checkpoint.creating or checkpoint.unread else Level.WARNING,
                f"an update that was interrupted, or is still running, left operations open: "
                f"{names}",
                f"eros repair --stack {site.stack}",
            )
        )
    return findings


def credentials(site: Site) -> list[Finding]:
    """Credentials are there, and good for the project."""
    settings = site.google.settings
    project = _project(site)
    if project.get("lifecycleState") != "ACTIVE":
        text = f"project {settings.project} is {project.get('lifecycleState')}"
        return [Finding("credentials", Level.FAILED, text)]
    where = "local cloud" if site.google.is_local else "Google"
    return [Finding("credentials", Level.OK, f"{where}, project {settings.project}")]


def apis(site: Site) -> list[Finding]:
    """The services are enabled, or the program may enable them."""
    project = site.google.settings.project
    answer = (
        site.google.api("serviceusage")
        .services()
        .batchGet(
            parent=f"projects/{project}",
            names=[f"projects/{project}/services/{name}" for name in SERVICES],
        )
        .execute()
    )
    enabled = {
        service["name"].rpartition("/")[2]
        for service in answer.get("services", [])
        if service.get("state") == "ENABLED"
    }
    missing = [name for name in SERVICES if name not in enabled]
    if not missing:
        text = f"all {len(SERVICES)} are enabled"
        return [Finding("APIs", Level.OK, text)]
    names = ", ".join(missing)
    command = services.command(missing, project)
    essential = [name for name in missing if name in services.ESSENTIAL]
    if essential or not granted_rights.on_project(site, [permissions.ENABLE])[0]:
        return [Finding("APIs", Level.FAILED, f"not enabled: {names}", command)]
    return [Finding("APIs", Level.OK, f"this deployment enables {names}")]


def rights(site: Site) -> list[Finding]:
    """The deployer's effective permissions on the project, and to act as the runner."""
    needed = permissions.needed(permissions.touched_types(site.stack, site.root))
    granted, untested = granted_rights.on_project(site, needed)
    if ACT_AS not in granted:
        granted |= granted_rights.on_runner(site, [ACT_AS])
        untested -= granted
    missing = [name for name in needed if name not in granted | untested]
    if missing:
        text = f"missing: {', '.join(missing)}"
        fix = "docs/fidelity.md lists the roles a deployer needs"
        return [Finding("permissions", Level.FAILED, text, fix)]
    if untested:
        text = f"{len(granted)} are granted; cannot be tested on a project: "
        return [Finding("permissions", Level.WARNING, text + ", ".join(sorted(untested)))]
    text = f"all {len(needed)} are granted"
    return [Finding("permissions", Level.OK, text)]


def quotas(site: Site) -> list[Finding]:
    """What is left of the project's quotas, as far as Monitoring tells."""
    if site.google.is_local:
        return [Finding("quota", Level.OK, "the local cloud has none")]
    try:
        uses = quota.uses(site.google, datetime.now(UTC))
    except FAILURES as error:
        return [Finding("quota", Level.WARNING, f"cannot be read: {explained(error)}")]
    tight = [use for use in uses if use.share >= quota.TIGHT]
    findings = [
        Finding(
            "quota",
            Level.FAILED if use.share >= 1 else Level.WARNING,
            f"{use.name}: {use.used:,.0f} of {use.limit:,.0f} used",
            "ask for more: https://console.cloud.google.com/iam-admin/quotas",
        )
        for use in tight
    ]
    if findings:
        return findings
    text = f"{len(uses)} quotas, none nearly used up" if uses else "no usage is reported"
    return [Finding("quota", Level.OK, text)]


def transfer_agent(site: Site) -> list[Finding]:
    """Data Transfer's own agent may act for the runner, without which no schedule starts."""
    number = _project(site)["projectNumber"]
    agent = f"serviceAccount:service-{number}@gcp-sa-bigquerydatatransfer.iam.gserviceaccount.com"
    account = granted_rights.runner_account(site)
    runner = account.rpartition("/")[2]
    try:
        policy = (
            site.google.api("iam")
            .projects()
            .serviceAccounts()
            .getIamPolicy(resource=account)
            .execute()
        )
    except HttpError as error:
        if error.status_code != _NOT_FOUND:
            raise
        text = "this deployment creates the runner's account"
        return [Finding("transfer agent", Level.OK, text)]
    members = {
        member
        for binding in policy.get("bindings", [])
        if binding["role"] == "roles/iam.serviceAccountTokenCreator"
        for member in binding.get("members", [])
    }
    if agent in members:
        return [Finding("transfer agent", Level.OK, f"may create tokens for {runner}")]
    text = f"{agent} may not create tokens for {runner}"
    held = {resource.name for resource in state.current(site.stack, site.root).resources}
    if _TOKEN_GRANT in held:
        # The engine compares with its state, which still has the grant.
        fix = f"pulumi up --refresh --stack {site.stack}"
        return [Finding("transfer agent", Level.WARNING, f"{text} any more", fix)]
    return [Finding("transfer agent", Level.WARNING, f"{text}: this deployment grants it")]


def interrupted(site: Site) -> list[Finding]:
    """No engine has the stack's lock, and no rollback or restore is unfinished."""
    findings = []
    for holder in repair.held_locks(site.google, site.stack, site.root):
        text, fix = repair.lock_message(holder, site.stack)
        findings.append(Finding("interrupted work", Level.FAILED, text, fix))
    if (going_back := rollback.interrupted(site.stack, site.root)) is not None:
        text = f"a rollback to {going_back.target} was interrupted"
        fix = f"eros rollback --resume --stack {site.stack}"
        findings.append(Finding("interrupted work", Level.FAILED, text, fix))
    elif (left := rollback.left_half_way(site.stack, site.root)) is not None:
        step, goal = left
        who = f" by {step.who}" if step.who else ""
        text = (
            f"a rollback to {goal}{who} stopped halfway, or is still running, on another machine: "
        )
        number = goal.removeprefix("update ") if goal.startswith("update ") else "UPDATE"
        fix = f"there: eros rollback --resume --stack {site.stack}; "
        fix += "if that machine is gone, start over: "
        fix += f"eros rollback --to {number} --stack {site.stack}"
        text += f"update {step.version} is one of its steps"
        findings.append(Finding("interrupted work", Level.FAILED, text, fix))
    if backup.is_deployed(site.google) and (attempt := backup.unfinished(site.google)):
        text = f"a restore of backup {attempt.backup} was interrupted"
        fix = f"eros backup restore --resume --stack {site.stack}"
        findings.append(Finding("interrupted work", Level.FAILED, text, fix))
    return findings or [Finding("interrupted work", Level.OK, "none")]


def doubled_schedules(site: Site) -> list[Finding]:
    """No schedule exists twice, as after a creation whose response was lost."""
    held = {resource.id for resource in state.current(site.stack, site.root).resources}
    configs = schedules.transfer_configs(site.google.settings, site.root)
    findings = []
    for title, names in transfers.doubled(site.google, configs).items():
        # The state has one of them, if the stack was deployed from here.
        others = [name for name in names if name not in held] or names[1:]
        text = f"{title} exists {len(names)} times, and runs that often: {', '.join(names)}"
        fix = "; ".join(f"bq rm --transfer_config {name}" for name in others)
        findings.append(Finding("schedules", Level.FAILED, text, fix))
    return findings or [Finding("schedules", Level.OK, "no duplicates")]


def run_limits(site: Site) -> list[Finding]:
    """Scheduled runs over their limit are stopped: the schedule that does it is on and works."""
    settings = site.google.settings
    wanted = [
        config
        for config in schedules.transfer_configs(settings, site.root)
        if config.schedule_name == schedules.LIMITS
    ]
    found = transfers.deployed(site.google, wanted)
    if not found:
        text = "this deployment creates the schedule that stops runs over their limit"
        return [Finding("run limits", Level.OK, text)]
    if all(one.disabled for one in found):
        if settings.schedules_paused:
            return [Finding("run limits", Level.OK, "all schedules are paused")]
        text = f"{wanted[0].title} is paused: no scheduled run has a limit"
        return [Finding("run limits", Level.WARNING, text, f"pulumi up --stack {site.stack}")]
    if any(one.state is transfers.FAILED for one in found):
        text = f"the last run of {wanted[0].title} failed: no scheduled run has a limit"
        return [Finding("run limits", Level.WARNING, text, f"eros run {schedules.LIMITS}")]
    return [Finding("run limits", Level.OK, "runs over their limit are stopped")]


def git_tree(site: Site) -> list[Finding]:
    """What is deployed can be found again in git."""
    result = subprocess.run(
        ["git", "status", "--porcelain"],
        cwd=site.root,
        check=False,
        capture_output=True,
        text=True,
    )
    shared = not site.google.is_local
    if result.returncode:
        level = Level.FAILED if shared else Level.WARNING
        return [Finding("git", level, "this folder is not a git work tree", "deploy from a clone")]
    changed = result.stdout.splitlines()
    if not changed:
        return [Finding("git", Level.OK, f"clean, at {commit(site)[:12] or 'no commit yet'}")]
    names = ", ".join(line[3:] for line in changed[:_SHOWN])
    more = f" and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else ""
    return [
        Finding(
            "git",
            Level.FAILED if shared else Level.WARNING,
            f"not committed: {names}{more}",
            "commit first, or: eros deploy --allow-dirty",
        )
    ]


def commit(site: Site) -> str:
    """The commit that is checked out; empty without one."""
    result = subprocess.run(
        ["git", "rev-parse", "HEAD"],
        cwd=site.root,
        check=False,
        capture_output=True,
        text=True,
    )
    return result.stdout.strip() if result.returncode == 0 else ""


def backups(site: Site) -> list[Finding]:
    """There is a place for backups, they hold all rows, and the newest complete one is not old."""
    if not backup.is_deployed(site.google):
        text = "the backup dataset does not exist yet: this deployment creates it"
        return [Finding("backups", Level.WARNING, text)]
    try:
        backup.require_rows(site.google)
    except UserError as error:
        return [Finding("backups", Level.FAILED, error.message, error.fix or "")]
    complete = [b for b in backup.listing(site.google) if b.state is backup.State.COMPLETE]
    if not complete:
        return [Finding("backups", Level.WARNING, "there is no complete backup yet")]
    newest = max(complete, key=lambda found: found.time)
    age = present(site.google.settings) - newest.time
    hours = age.total_seconds() / 3600
    level = Level.WARNING if age > _BACKUP_AGE else Level.OK
    text = f"the newest, {newest.id}, is {hours:.1f} hours old"
    return [Finding("backups", level, text, "" if level is Level.OK else "eros backup create")]


def _project(site: Site) -> dict[str, Any]:
    project = site.google.settings.project
    projects = site.google.api("cloudresourcemanager").projects()
    answer: dict[str, Any] = projects.get(projectId=project).execute()
    return answer


# Name, whether it needs the cloud, and the check.
CHECKS: tuple[tuple[str, bool, Check], ...] = (
    ("tools", False, tools),
    ("git", False, git_tree),
    ("placeholders", False, unfilled),
    ("credentials", True, credentials),
    ("APIs", True, apis),
    ("permissions", True, rights),
    ("quota", True, quotas),
    ("external schemas", True, external_schemas),
    ("authorized views", True, authorized),
    ("transfer agent", True, transfer_agent),
    ("schedules", True, doubled_schedules),
    ("run limits", True, run_limits),
    ("backups", True, backups),
    ("bucket", True, bucket),
    ("interrupted work", True, interrupted),
)
# A mistake in these is their finding.
_ABOUT_THEMSELVES = frozenset({"tools", "credentials"})
