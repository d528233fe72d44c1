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
from components.objects import Objects
from components.schedules import Schedules
from components.warehouse import Warehouse
from eros import catalogue, channels, dashboards, schedules, validate
from eros.errors import UserError
from eros.settings import Settings
from eros.validate import show


class System(pulumi.ComponentResource):
    """EROS on one project.

    All files are read and checked before the first resource is declared, so that a
    mistake in any of them leaves the stack untouched.
    """

    def __init__(
        self, name: str, settings: Settings, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        sql = catalogue.load(settings)
        _refuse_mistakes(validate.quick(sql, settings))
        configs = schedules.transfer_configs(settings)
        schedules.check_calls(configs, sql, settings)
        channel_entries = channels.load(settings)
        dashboard_entries = dashboards.load(settings)
        google = provider.declare(settings)
        number = provider.project_number(settings, google)
        super().__init__("eros:system:System", name, None, _with_provider(opts, google))

        child = pulumi.ResourceOptions(parent=self)
        identity = Identity("identity", settings, number, child)
        warehouse = Warehouse("warehouse", settings, identity, child)
        objects = Objects("objects", settings, sql, warehouse, child)
        alerting = Alerting("alerting", settings, channel_entries, identity, child)
        scheduled = Schedules("schedules", settings, configs, identity, warehouse, objects, child)
        boards = Dashboards("dashboards", settings, dashboard_entries, identity, child)
        backups = Backups("backups", settings, identity, child)

        self.exports: dict[str, Any] = {
            "dataset": warehouse.dataset.id,
            "runner": identity.runner.email,
            "transferConfigs": scheduled.names,
            "notificationChannels": alerting.names,
            "dashboards": boards.names,
            "backupBucket": backups.bucket.name,
        }
        self.register_outputs(self.exports)


def _refuse_mistakes(report: validate.Report) -> None:
    """Stop at what the cheap part of `eros validate` finds in the SQL."""
    if not report.ok:
        raise UserError(f"the SQL has mistakes\n{show.text(report)}", fix="eros validate")


def _with_provider(
    opts: pulumi.ResourceOptions | None, google: gcp.Provider
) -> pulumi.ResourceOptions:
    own = pulumi.ResourceOptions(providers=[google])
    return pulumi.ResourceOptions.merge(opts, own)
