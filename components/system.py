"""The whole system: every room, in the order in which one needs another."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_gcp as gcp

from components import provider
from components.alerting import Alerting
from components.backups import Backups
from components.dashboards import Dashboards
from components.identity import Identity
from components.logs import Logs
from components.metrics import Metrics
from components.objects import Objects
from components.schedules import Schedules
from components.warehouse import Warehouse
from eros.project.files import Files, Reading
from eros.project.settings import Settings


def read(settings: Settings, *, check: bool = True) -> Files:
    """Read and check all files, so that a mistake in any leaves the stack untouched.

    Without `check`, for what is there already, mistakes of what can be read are passed over.
    """
    reading = Reading(settings, on_compile=_tell_compile)
    if not check and reading.files is not None:
        return reading.files
    return reading.refuse_mistakes(pulumi.log.warn)


class System(pulumi.ComponentResource):
    """EROS on one project, from `files` that are already read or, without them, from all."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        files: Files | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        files = files or read(settings)
        google = provider.declare(settings)
        number = provider.project_number(settings, google)
        super().__init__("eros:system:System", name, None, _with_provider(opts, google))

        child = pulumi.ResourceOptions(parent=self)
        identity = Identity("identity", settings, number, child)
        warehouse = Warehouse("warehouse", settings, identity, child)
        objects = Objects("objects", settings, files.sql, warehouse, child)
        scheduled = Schedules(
            "schedules", settings, files.schedules, identity, warehouse, objects, child
        )
        alerting = Alerting(
            "alerting", settings, files.channels, files.alerts, identity, scheduled, child
        )
        Metrics("metrics", settings, files.metrics, identity, child)
        logs = Logs("logs", settings, identity, child)
        boards = Dashboards("dashboards", settings, files.dashboards, identity, child)
        backups = Backups("backups", settings, identity, warehouse, child)

        self.exports: dict[str, Any] = {
            "dataset": warehouse.dataset.id,
            "runner": identity.runner.email,
            "transferConfigs": scheduled.names,
            "notificationChannels": alerting.names,
            "dashboards": boards.names,
            "backupDataset": backups.dataset.id,
            "backupBucket": backups.bucket.name,
            "logBuckets": logs.names,
        }
        self.register_outputs(self.exports)


def _tell_compile() -> None:
    pulumi.log.info("compiling Google's analyser for this machine, once: about half a minute")


def _with_provider(
    opts: pulumi.ResourceOptions | None, google: gcp.Provider
) -> pulumi.ResourceOptions:
    own = pulumi.ResourceOptions(providers=[google])
    return pulumi.ResourceOptions.merge(opts, own)
