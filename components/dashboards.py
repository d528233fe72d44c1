"""Dashboards of Cloud Monitoring."""

from __future__ import annotations

import copy
import hashlib
import json
from typing import Any

import pulumi
import pulumi_gcp as gcp

from components.identity import Identity
from eros.project.dashboards import dashboard_rules
from eros.project.settings import Settings


class Dashboards(pulumi.ComponentResource):
    """One dashboard per file of config/dashboards/ (docs/dashboards.md)."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        dashboards: dict[str, dict[str, Any]],
        identity: Identity,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("eros:monitoring:Dashboards", name, None, opts)
        self.dashboards = {
            key: gcp.monitoring.Dashboard(
                key,
                project=settings.project,
                dashboard_json=json.dumps(with_digest(content), sort_keys=True),
                opts=pulumi.ResourceOptions(
                    parent=self, depends_on=[identity.services["monitoring.googleapis.com"]]
                ),
            )
            for key, content in dashboards.items()
        }
        self.names = {key: dashboard.id for key, dashboard in self.dashboards.items()}
        self.register_outputs({"dashboards": self.names})


def with_digest(content: dict[str, Any]) -> dict[str, Any]:
    """The dashboard with a digest of it as id of its first widget that has none.

    The provider compares the keys of the new text only, since the API adds some: a key that
    is taken out, such as `thresholds`, would be no change.
    """
    marked = copy.deepcopy(content)
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    for _, widget in dashboard_rules.widgets(marked):
        if "id" not in widget:
            widget["id"] = f"content-{digest[:12]}"
            break
    return marked
