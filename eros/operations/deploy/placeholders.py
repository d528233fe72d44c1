"""Addresses that the project ships with and that lead nowhere: the owner's to replace."""

from __future__ import annotations

import re

from eros.operations.deploy.deployment import Finding, Level, Site
from eros.project.settings import NAMESPACE, Settings

# Reserved for examples: nobody ever gets a mail or opens a page there (RFC 2606).
_RESERVED = re.compile(r"[@./]example\.(com|net|org)\b|\.(example|invalid|test)\b")
_CHECK = "placeholders"


def unfilled(site: Site) -> list[Finding]:
    """Whoever is alerted can be reached, and finds the runbook."""
    settings = site.google.settings
    if site.google.is_local:
        return [Finding(_CHECK, Level.OK, "the local cloud sends to its own inbox")]
    wrong = [key for key, value in _addresses(settings).items() if _RESERVED.search(value)]
    if not wrong:
        return [Finding(_CHECK, Level.OK, "runbook and contacts are real addresses")]
    names = ", ".join(f"{NAMESPACE}:{key}" for key in wrong)
    fixes = "; ".join(
        f"pulumi config set --path {NAMESPACE}:{key} ADDRESS --stack {site.stack}" for key in wrong
    )
    text = f"still an example, so nobody who is alerted gets help: {names}"
    return [Finding(_CHECK, Level.FAILED, text, fixes)]


def _addresses(settings: Settings) -> dict[str, str]:
    contacts = {f"contacts.{name}": value for name, value in settings.contacts.items()}
    return {"runbook": settings.runbook, "alertEmail": settings.alert_email, **contacts}
