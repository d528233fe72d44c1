"""The rule that keeps this provider away from any real cloud.

Nothing is created, read, changed or deleted unless at least one endpoint is configured
and every configured endpoint is a loopback address. Previews need no cloud and are
allowed, so a first deployment of staging or prod can be previewed anywhere.
"""

import ipaddress
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

ENDPOINT_SUFFIX = "CustomEndpoint"

REFUSAL = (
    "this is the EROS local-cloud provider, which changes nothing but a local cloud on this"
    " machine: to deploy to Google Cloud install the real gcp plugin with"
    " `pulumi plugin install resource gcp`"
)


class Refused(Exception):
    """The operation would have reached beyond this machine."""

    def __init__(self) -> None:
        super().__init__(REFUSAL)


def endpoints_of(config: Mapping[str, Any]) -> dict[str, str]:
    """The endpoint settings among the provider's configuration, as key and base URL."""
    return {
        key: value
        for key, value in config.items()
        if key.endswith(ENDPOINT_SUFFIX) and isinstance(value, str) and value
    }


def is_loopback(url: str) -> bool:
    """Whether the URL can only be answered by this machine."""
    host = urlsplit(url).hostname
    if host is None:
        return False
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_local(endpoints: Mapping[str, str]) -> bool:
    """Whether these endpoints are all on this machine (none configured is not)."""
    return bool(endpoints) and all(is_loopback(url) for url in endpoints.values())
