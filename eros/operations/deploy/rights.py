"""What the caller may do, by Google's testIamPermissions."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from googleapiclient.errors import HttpError

from eros.cloud.google import disabled_service
from eros.operations.deploy import permissions
from eros.operations.deploy.deployment import Site

_NOT_FOUND = 404
_NOT_VALID = re.compile(r"Permission (\S+) is not valid")


def runner_account(site: Site) -> str:
    """Name of the account that the scheduled queries run as."""
    settings = site.google.settings
    email = f"{settings.service_account}@{settings.project}.iam.gserviceaccount.com"
    return f"projects/{settings.project}/serviceAccounts/{email}"


def on_project(site: Site, wanted: Sequence[str]) -> tuple[set[str], set[str]]:
    """Those permissions that the caller has on the project, and those that it does not know.

    What is granted on a resource of the project alone is not among them.
    """
    projects = site.google.api("cloudresourcemanager").projects()
    return _tested(projects.testIamPermissions, site.google.settings.project, wanted)


def on_runner(site: Site, wanted: Sequence[str]) -> set[str]:
    """Those permissions that the caller has on the runner's account; none if it is not there."""
    accounts = site.google.api("iam").projects().serviceAccounts()
    try:
        return _tested(accounts.testIamPermissions, runner_account(site), wanted)[0]
    except HttpError as error:
        # Before the first deployment neither the account nor the API of accounts may be there.
        if error.status_code != _NOT_FOUND and not disabled_service(error):
            raise
        return set()


def _tested(
    method: Callable[..., Any], resource: str, wanted: Sequence[str]
) -> tuple[set[str], set[str]]:
    """Granted and unknown permissions.

    One unknown name makes IAM refuse the whole request; it is left out, and said so.
    """
    granted: set[str] = set()
    unknown: set[str] = set()
    for start in range(0, len(wanted), permissions.PER_REQUEST):
        part = list(wanted[start : start + permissions.PER_REQUEST])
        while part:
            try:
                answer = method(resource=resource, body={"permissions": part}).execute()
            except HttpError as error:
                refused = _NOT_VALID.search(str(error.reason))
                if refused is None or refused[1] not in part:
                    raise
                unknown.add(refused[1])
                part.remove(refused[1])
            else:
                granted |= set(answer.get("permissions", []))
                break
    return granted, unknown
