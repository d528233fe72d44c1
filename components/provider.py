"""The gcp provider of a stack: Google's own addresses, or those of the local cloud."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_gcp as gcp
from pydantic.alias_generators import to_snake

from bqstack.errors import UserError
from eros.cloud import endpoints, services
from eros.project.settings import Settings

# Shown in a preview that has no cloud to ask.
_UNKNOWN_NUMBER = "PROJECT_NUMBER"


def declare(settings: Settings) -> gcp.Provider:
    """The one provider that every resource of the stack uses; raises UserError."""
    addresses = endpoints.load(settings)
    # Their names are those of the provider's arguments, which are too many to be written down.
    arguments: dict[str, Any] = {to_snake(key): url for key, url in addresses.items()}
    if addresses:
        # The local cloud asks for no credentials, the plugin insists on having some.
        arguments["access_token"] = "local"
    return gcp.Provider("google", project=settings.project, **arguments)


def project_number(settings: Settings, provider: gcp.Provider) -> str:
    """Number of the project, read before the first resource of the stack is declared.

    Credentials that do not work, a project that is not there or a plugin that may not
    touch the stack end the update here, with nothing changed: raises UserError.
    """
    try:
        found = gcp.organizations.get_project(
            project_id=settings.project, opts=pulumi.InvokeOptions(provider=provider)
        )
    except Exception as error:  # the SDK raises bare Exception for a failed invoke
        reason = str(error).rpartition("returned an error: ")[2]
        # The program enables every API, but learns the project from one of them.
        service = services.disabled(reason)
        raise UserError(
            f"project {settings.project} cannot be read: {reason}",
            file=f"Pulumi.{settings.stack}.yaml",
            fix=services.remedy(service, settings.project) if service else None,
        ) from None
    return found.number or _UNKNOWN_NUMBER
