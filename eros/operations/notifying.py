"""Telling people what happens to a stack, through its own channels (docs/checklists.md)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from urllib.parse import quote

from bqstack.errors import UserError
from bqstack.failures import FAILURES, explained
from eros import logs
from eros.cloud.google import Google
from eros.project import alerts, channels, notices
from eros.project.settings import PROJECT_ROOT, Settings

_LOG = logs.Log("notices")


@dataclass(frozen=True)
class Notice:
    """One notice; `phase` is one of `notices.PHASES`, the others are what it says."""

    phase: str
    subject: str
    what: str
    why: str
    impact: str
    way_back: str
    next_update: str
    contact: str


def in_a_line(text: str) -> str:
    """Lines as parts of a sentence, for a field of a notice."""
    lines = [" ".join(line.split()) for line in text.splitlines()]
    return "; ".join(filter(None, lines)).replace(":; ", ": ")


def send(google: Google, notice: Notice) -> None:
    """Send a notice; raises UserError or one of `bqstack.failures.FAILURES`."""
    settings = google.settings
    if not _is_heard(settings):
        raise UserError(
            f"stack {settings.stack} has no channel that notices go to",
            file=f"Pulumi.{settings.stack}.yaml",
            key="eros:contacts",
            fix="name a contact that a channel of config/channels.yaml uses; a sandbox has none",
        )
    _write(google, notice)


def _write(google: Google, notice: Notice) -> None:
    settings = google.settings
    said = {name: text[: notices.LONGEST] for name, text in asdict(notice).items()}
    log = f"projects/{settings.project}/logs/{quote(notices.LOG_ID, safe='')}"
    entry = {
        "logName": log,
        "resource": {"type": "global", "labels": {"project_id": settings.project}},
        "severity": "NOTICE",
        "labels": settings.all_labels,
        "jsonPayload": {"dataset": settings.dataset, **said},
    }
    google.api("logging").entries().write(body={"entries": [entry]}).execute()
    _LOG.audit("people notified", result="succeeded", phase=notice.phase, subject=notice.subject)


def try_send(google: Google, notice: Notice, progress: Callable[[str], None]) -> bool:
    """Send a notice of work that goes on without it; says so when it could not be sent."""
    try:
        if not _is_heard(google.settings):
            progress("  nobody is notified: the stack has no channel that notices go to")
            return False
        _write(google, notice)
    except (UserError, *FAILURES) as error:
        text = error.message if isinstance(error, UserError) else explained(error)
        _LOG.error("people not notified", phase=notice.phase, reason=text)
        progress(f"  warning: people were not notified: {text}")
        return False
    progress(f"  notified: {notice.subject}")
    return True


def _is_heard(settings: Settings) -> bool:
    """Whether the stack has a channel that notices go to."""
    declared = channels.load(settings)
    return any(key in declared for key in alerts.of(settings, PROJECT_ROOT).notice_channels)
