"""Services of Google Cloud that a project must have enabled."""

from __future__ import annotations

import re
from collections.abc import Iterable

SERVICES = (
    "bigquery.googleapis.com",
    "bigquerydatatransfer.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "iam.googleapis.com",
    "logging.googleapis.com",
    "monitoring.googleapis.com",
    "pubsub.googleapis.com",
    "serviceusage.googleapis.com",
    "storage.googleapis.com",
)
# Without these two the program cannot enable the others, nor look the project up.
ESSENTIAL = ("cloudresourcemanager.googleapis.com", "serviceusage.googleapis.com")
_DISABLED = re.compile(
    r"it is disabled\b.*/apis/api/(?P<service>[a-z0-9.-]+\.googleapis\.com)/", re.DOTALL
)


def command(services: Iterable[str], project: str) -> str:
    """What enables services of a project."""
    return f"gcloud services enable {' '.join(services)} --project {project}"


def remedy(service: str, project: str) -> str:
    """What enables a service whose absence stopped the work."""
    return command(ESSENTIAL if service in ESSENTIAL else (service,), project)


def disabled(message: str) -> str | None:
    """The service that is not enabled, by Google's message; None for any other message."""
    found = _DISABLED.search(message)
    return found["service"] if found else None
