"""The provider's own configuration: what a `gcp.Provider` was given."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import safety
from .cloud_calls import Cloud
from .resource import ATTRIBUTION_LABELS

# Read in this order when the program names no project, as the real plugin does.
PROJECT_VARIABLES = (
    "GOOGLE_PROJECT",
    "GOOGLE_CLOUD_PROJECT",
    "GCLOUD_PROJECT",
    "CLOUDSDK_CORE_PROJECT",
)


@dataclass(frozen=True)
class Configuration:
    """One configured provider: the cloud it talks to and whether it may."""

    cloud: Cloud
    is_local: bool

    def require_local(self) -> None:
        """Raise Refused unless every endpoint is on this machine."""
        if not self.is_local:
            raise safety.Refused


def configure(settings: Mapping[str, Any]) -> Configuration:
    """The configuration for these provider inputs, values other than text in JSON."""
    endpoints = safety.endpoints_of(settings)
    labels = {} if settings.get("addPulumiAttributionLabel") == "false" else ATTRIBUTION_LABELS
    cloud = Cloud(
        endpoints=endpoints,
        project=settings.get("project") or _project_from_environment(),
        access_token=settings.get("accessToken", ""),
        default_labels={**json.loads(settings.get("defaultLabels") or "{}"), **labels},
    )
    return Configuration(cloud=cloud, is_local=safety.is_local(endpoints))


def _project_from_environment() -> str | None:
    return next((os.environ[name] for name in PROJECT_VARIABLES if os.environ.get(name)), None)
