"""The gcp provider of a stack: Google's own addresses, or those of the local cloud."""

from __future__ import annotations

import re

import pulumi_gcp as gcp

from eros import endpoints
from eros.settings import Settings


def declare(settings: Settings) -> gcp.Provider:
    """The one provider that every resource of the stack uses; raises UserError."""
    addresses = endpoints.load(settings)
    arguments = {_snake_case(key): url for key, url in addresses.items()}
    if addresses:
        # The local cloud asks for no credentials, the plugin insists on having some.
        arguments["access_token"] = "local"
    return gcp.Provider("google", project=settings.project, **arguments)


def _snake_case(key: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", key).lower()
